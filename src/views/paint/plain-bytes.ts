/**
 * Which bytes of UTF-8 may stand in JSON as they came: printable ASCII and the Latin letters up to U+02FF, none of
 * which hides or moves anything on a screen. Most texts are of these alone, and to make a string of each and bytes of
 * it again takes twice the time.
 */

const quote = 0x22
const backslash = 0x5c
/** Two of them begin what the log of a CI job obeys. */
const sharp = 0x23
/** What begins a formula may come behind it. */
const semicolon = 0x3b
/** U+0080 to U+00BF begin with this byte: § and « among them, and what is not to be seen. */
const latinSigns = 0xc2

const inJson = 1
const inQuotes = 2
const plainness = new Uint8Array(256).map((_, byte) => {
  if (byte === sharp || byte === semicolon) return 0
  if (byte === quote || byte === backslash) return inJson
  return (byte >= 0x20 && byte <= 0x7e) || (byte >= 0x80 && byte <= 0xbf) || (byte >= 0xc3 && byte <= 0xcb)
    ? inJson | inQuotes
    : 0
})

const isLetterOrDigit = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)

/** Of a byte that asks for a look at what follows. */
const plainBefore = (source: Uint8Array, at: number, end: number): boolean => {
  const byte = source[at]
  const follows = at + 1 < end ? (source[at + 1] as number) : 0
  if (byte === latinSigns) return follows > 0xa0 && follows !== 0xad
  if (byte === sharp) return follows !== sharp
  if (byte !== semicolon) return false
  let behind = at + 1
  while (behind < end && source[behind] === 0x20) behind++
  return behind === end || isLetterOrDigit(source[behind] as number)
}

/**
 * Copies a text that is plain.
 * @param within `json` for what is JSON itself, `quotes` for what is to stand between quotes.
 * @returns where the target goes on; -1 where the text has to go by way of a string.
 */
export const copyPlain = (
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  to: number,
  within: 'json' | 'quotes',
): number => {
  const needs = within === 'json' ? inJson : inQuotes
  let next = to
  for (let at = start; at < end; at++) {
    const byte = source[at] as number
    if (((plainness[byte] as number) & needs) === 0 && !plainBefore(source, at, end)) return -1
    target[next++] = byte
  }
  return next
}

/** Copies what is known to be plain. @returns where the target goes on. */
export const copyBytes = (source: Uint8Array, target: Uint8Array, to: number): number => {
  let next = to
  for (let at = 0; at < source.length; at++) target[next++] = source[at] as number
  return next
}
