/**
 * The one sanitiser. Names, reasons and user agents come from outside, and a terminal, a JSON viewer and a
 * spreadsheet each obey characters that nobody sees.
 */

/**
 * Controls, formatting, line and paragraph separators, lone surrogates, private use, unassigned, and whatever else
 * is drawn as nothing (Hangul fillers, say). The two joiners stay between letters, where Persian and the Indic
 * scripts need them, a variation selector right behind a letter or an emoji; a ninth combining mark in a row
 * belongs to no script and climbs over the lines above.
 */
const unseen =
  /(?!\u200c|\u200d|\p{VS})[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{DI}]|(?<!(?!\p{DI})\p{L}(?:(?!\p{DI})\p{M}){0,8})[\u200c\u200d]|[\u200c\u200d](?!(?!\p{DI})\p{L})|(?<!(?!\p{DI})[\p{L}\p{Emoji}])\p{VS}|(?<=\p{M}{8})\p{M}/gu

/**
 * What a CI job's log obeys: a line that begins with `::name …::` (but not an IPv6 address), and `##[name …]` or
 * `##vso[…]` anywhere in it. What comes before is looked at last: a text of blanks would be gone through again
 * and again.
 */
const orders = /:(?<=^\s*:)(?=:(?![\da-fA-F:.]*$))|\[(?<=##\w{0,20}\[)/gu

/** Most text is ASCII and Latin letters, and lists are long: these need no second look. */
const plain = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff]*$/
const plainJson = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\t\n\r]*$/
const perhapsOrders = /^\s*::|##/

const hex = (code: number): string => code.toString(16)

const shown = (char: string): string => `\\u{${hex(char.codePointAt(0) ?? 0)}}`

/** Text that cannot move the cursor, set a title, give orders, reorder or hide anything: such characters are shown as `\u{…}`. */
export const clean = (text: string): string => {
  const seen = plain.test(text) ? text : text.replace(unseen, shown)
  return perhapsOrders.test(seen) ? seen.replace(orders, shown) : seen
}

const escapedInJson = (chars: string): string =>
  Array.from({ length: chars.length }, (_, at) => `\\u${hex(chars.charCodeAt(at)).padStart(4, '0')}`).join('')

/** JSON text with the same characters escaped, which parses to the same value. */
export const cleanJson = (json: string): string => {
  const seen = plainJson.test(json)
    ? json
    : json.replace(unseen, (char) =>
        // Valid JSON has these three only between its tokens, where an escape would break it.
        char === '\n' || char === '\r' || char === '\t' ? char : escapedInJson(char),
      )
  return seen.replace(insideOfJson, escapedInJson)
}

/** What spreadsheets take for the start of a formula, the full-width forms included. */
const formula = /^(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])/

/** Where spreadsheets of many countries end a cell, quotes or not, and the next one would be a formula. */
const formulaBehind = /;(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])/g

/** Both can only be parts of a string there. */
const insideOfJson = /\[(?<=##\w{0,20}\[)|;(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])/g

/** A CSV cell that is text in every spreadsheet: what would be a formula gets an apostrophe in front. */
export const cleanCsvCell = (text: string): string => {
  const seen = clean(text).replace(formulaBehind, shown)
  return formula.test(text) ? `'${seen}` : seen
}
