import { fieldsOf, type View } from '../view.ts'
import type { PaintStyle } from './options.ts'
import { copyBytes, copyPlain } from './plain-bytes.ts'

/** Things as COPY writes them: a line each, the view's fields in their order between tabs. */
export interface CopiedPage<T> {
  readonly bytes: Buffer
  decode(line: string): T
}

const tab = 0x09
const newline = 0x0a
const quote = 0x22
const backslash = 0x5c
const capitalN = 0x4e
const nothing = Buffer.from('null')
const end = Buffer.from('}\n')
/** `2026-01-31 12:00:00.123456+00` */
const shortestMoment = 22
const micros = Buffer.from('000000')

/** The lines of `ndjson`, made of bytes where they are plain, and by way of the view where they are not. */
export async function* paintCopied<T>(
  view: View<T>,
  pages: AsyncIterable<CopiedPage<T>>,
  { cleanJson }: PaintStyle,
): AsyncGenerator<Buffer> {
  const fields = view.columns.map(({ key }, index) => ({
    label: Buffer.from(`${index === 0 ? '{' : ','}"${key}":`),
    // As everywhere in the contract.
    isMoment: key.endsWith('At'),
  }))
  const beside = fields.reduce((sum, { label }) => sum + label.length + nothing.length + 4, end.length)
  const asFields = fieldsOf(view)

  for await (const { bytes, decode } of pages) {
    const pieces: Buffer[] = []
    // Names take about as much as what they name.
    let lines = Buffer.allocUnsafe(2 * bytes.length + beside)
    let next = 0
    const makeRoom = (most: number): void => {
      if (lines.length - next >= most) return
      pieces.push(lines.subarray(0, next))
      lines = Buffer.allocUnsafe(bytes.length + most)
      next = 0
    }
    for (let start = 0; start < bytes.length; ) {
      const stop = bytes.indexOf(newline, start)
      makeRoom(stop - start + beside)
      const to = plainLine(bytes, start, stop, lines, next)
      if (to === -1) {
        const record = asFields(decode(bytes.toString('utf8', start, stop)))
        const line = Buffer.from(cleanJson(`${JSON.stringify(record)}\n`))
        makeRoom(line.length)
        next += line.copy(lines, next)
      } else next = to
      start = stop + 1
    }
    pieces.push(lines.subarray(0, next))
    yield pieces.length === 1 ? lines.subarray(0, next) : Buffer.concat(pieces)
  }

  function plainLine(source: Buffer, start: number, stop: number, target: Buffer, from: number): number {
    let to = from
    let at = start
    for (const { label, isMoment } of fields) {
      to = copyBytes(label, target, to)
      let until = at
      while (until < stop && source[until] !== tab) until++
      if (until === at + 2 && source[at] === backslash && source[at + 1] === capitalN)
        to = copyBytes(nothing, target, to)
      else {
        target[to++] = quote
        to = isMoment
          ? moment(source, at, until, target, to)
          : copyPlain(source, at, until, target, to, 'quotes')
        if (to === -1) return -1
        target[to++] = quote
      }
      at = until + 1
    }
    return copyBytes(end, target, to)
  }

  /** RFC 3339 with all microseconds; -1 for what is no moment of these centuries. */
  function moment(source: Buffer, start: number, stop: number, target: Buffer, from: number): number {
    const zone = stop - 3
    if (stop - start < shortestMoment || source[start + 10] !== 0x20 || source[zone] !== 0x2b) return -1
    let to = from
    for (let at = start; at < zone; at++) target[to++] = at === start + 10 ? 0x54 : (source[at] as number)
    const digits = zone - start - 20
    if (digits < 0) target[to++] = 0x2e
    to = copyBytes(micros.subarray(Math.max(digits, 0)), target, to)
    target[to++] = 0x5a
    return to
  }
}
