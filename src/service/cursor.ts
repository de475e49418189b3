import { MeanderError } from '../errors.ts'

/** Where a listing goes on: opaque to the reader, checked when it comes back. */
export const encodeCursor = (parts: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url')

/** @throws MeanderError USAGE for anything that `encodeCursor` did not make of the same shape. */
export const decodeCursor = (cursor: string, patterns: readonly RegExp[]): string[] => {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parts) && parts.length === patterns.length) {
      const texts = parts.map(String)
      if (texts.every((text, index) => patterns[index]?.test(text))) return texts
    }
  } catch {
    // Not JSON: the same answer as for any other wrong cursor.
  }
  throw new MeanderError('USAGE', 'The cursor is not one of this listing.', {
    hint: 'Use the nextCursor of the page before, with the same --sort.',
  })
}

/** Microseconds since 1970 of a moment in RFC 3339: a JavaScript date would lose rows between milliseconds. */
export const microseconds = (moment: string): string => {
  const fraction = /\.(\d+)/.exec(moment)?.[1] ?? ''
  const seconds = Date.parse(moment.replace(/\.\d+/, '')) / 1000
  return String(BigInt(seconds) * 1_000_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0')))
}
