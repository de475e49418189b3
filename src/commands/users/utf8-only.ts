import { isUtf8 } from 'node:buffer'
import { Transform } from 'node:stream'
import { MeanderError } from '../../errors.ts'

/** Bytes that one line of a list may have. */
export const longestLine = 1_000_000

/** Passes bytes on that are UTF-8 without NUL; anything else is refused with its line. */
export const utf8Only = (path: string): Transform => {
  let rest = Buffer.alloc(0)
  let line = 1
  const refuse = (what: string, at: number) =>
    new MeanderError('USAGE', `${path}, line ${at}: ${what}.`, { hint: 'Save it as CSV in UTF-8.' })
  const check = (bytes: Buffer): MeanderError | null => {
    if (
      line === 1 &&
      (bytes.subarray(0, 2).equals(Buffer.from([0xff, 0xfe])) ||
        bytes.subarray(0, 2).equals(Buffer.from([0xfe, 0xff])))
    ) {
      return refuse('this is UTF-16', 1)
    }
    const clean = isUtf8(bytes) && !bytes.includes(0)
    if (clean) {
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) line += 1
      return null
    }
    for (let from = 0; from < bytes.length; line += 1) {
      const end = bytes.indexOf(10, from)
      const one = bytes.subarray(from, end < 0 ? bytes.length : end + 1)
      if (one.includes(0)) return refuse('it contains NUL', line)
      if (!isUtf8(one)) return refuse('it is not valid UTF-8', line)
      from += one.length
    }
    return null
  }
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = Buffer.concat([rest, chunk])
      const end = bytes.lastIndexOf(10) + 1
      rest = bytes.subarray(end)
      const whole = bytes.subarray(0, end)
      const failure =
        check(whole) ?? (rest.length > longestLine ? refuse('it is longer than 1 MB', line) : null)
      done(failure, whole)
    },
    flush(done) {
      done(check(rest), rest)
    },
  })
}
