/**
 * The one sanitiser. Names, reasons and user agents come from outside, and a terminal, a JSON viewer and a
 * spreadsheet each obey characters that nobody sees.
 */

/**
 * Controls, formatting, line and paragraph separators, lone surrogates, private use and unassigned. The two
 * joiners stay between letters, where Persian and the Indic scripts need them; a ninth combining mark in a
 * row belongs to no script and climbs over the lines above.
 */
const unseen =
  /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]|(?<!\p{L}\p{M}{0,8})[\u200c\u200d]|[\u200c\u200d](?!\p{L})|(?<=\p{M}{8})\p{M}/gu

/** Most text is ASCII and Latin letters, and lists are long: these need no second look. */
const plain = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff]*$/
const plainJson = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\t\n\r]*$/

const hex = (code: number): string => code.toString(16)

/** Text that cannot move the cursor, set a title, reorder or hide anything: such characters are shown as `\u{…}`. */
export const clean = (text: string): string =>
  plain.test(text) ? text : text.replace(unseen, (char) => `\\u{${hex(char.codePointAt(0) ?? 0)}}`)

/** JSON text with the same characters escaped, which parses to the same value. */
export const cleanJson = (json: string): string =>
  plainJson.test(json)
    ? json
    : json.replace(unseen, (char) =>
        // Valid JSON has these three only between its tokens, where an escape would break it.
        char === '\n' || char === '\r' || char === '\t'
          ? char
          : Array.from(
              { length: char.length },
              (_, at) => `\\u${hex(char.charCodeAt(at)).padStart(4, '0')}`,
            ).join(''),
      )

/** What spreadsheets take for the start of a formula, the full-width forms included. */
const formula = /^(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])/

/** A CSV cell that is text in every spreadsheet: what would be a formula gets an apostrophe in front. */
export const cleanCsvCell = (text: string): string => (formula.test(text) ? `'${clean(text)}` : clean(text))
