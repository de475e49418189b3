import { parse } from 'csv-parse/sync'
import { cleanCsvCell } from '../../src/terminal/sanitise.ts'
import { marksIn } from './hostile-world.ts'

/** Whatever a screen, a log or a reader could be led by; joiners and variation selectors have places of their own. */
const led = /(?!\n|\u200c|\u200d|\p{VS})[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{DI}]/u
const misplaced =
  /(?<!\p{L}\p{M}*)[\u200c\u200d]|[\u200c\u200d](?!\p{L})|(?<![\p{L}\p{Emoji}])\p{VS}|\p{M}{9}/u
/** As runners of CI jobs read a line. */
const order = /^\s*::(?![\da-fA-F:.]*(?:[\s,]|$))|##\w{0,20}\[/mu
/** The colours of our palette, and the end of one. */
const ownColour = new RegExp(`${String.fromCharCode(27)}\\[(?:38;5;(?:28|130|161|243)|39)m`, 'g')

/** What is wrong with a text that the tool wrote, for whoever looks at it; nothing is. */
export const problemsOf = (text: string): string[] => {
  const bare = text.replace(ownColour, '')
  return [
    ...[led, misplaced, order].flatMap((pattern) => {
      const found = pattern.exec(bare)
      return found ? [`${pattern.source.slice(0, 12)}…: ${around(bare, found.index)}`] : []
    }),
    ...(Buffer.from(bare).toString() === bare ? [] : ['no valid UTF-8']),
    ...(/\n\s+at .*:\d+:\d+/.test(bare) ? ['a stack trace'] : []),
  ]
}

const around = (text: string, at: number): string => JSON.stringify(text.slice(Math.max(0, at - 30), at + 30))

/** Every text in a JSON value, the names of its fields among them. */
const textsOf = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsOf(inner)])
}

/** One value, or one a line. */
const parsed = (json: string): unknown[] => {
  try {
    return [JSON.parse(json)]
  } catch {
    return json
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }
}

/** Texts of JSON that are not what is stored. */
export const untrueJson = (json: string, stored: ReadonlyMap<string, string>): string[] =>
  parsed(json)
    .flatMap(textsOf)
    .flatMap((text) =>
      marksIn(text).flatMap((mark) =>
        text.includes(stored.get(mark) ?? 'no such mark') ? [] : [`${mark} in ${around(text, 0)}`],
      ),
    )

/** Cells that a spreadsheet would reckon with, or that are not what is stored. */
export const untrueCsv = (csv: string, stored: ReadonlyMap<string, string>): string[] =>
  (parse(csv, { relax_column_count: false }) as string[][]).flat().flatMap((cell) => {
    const number = /^-?\d+(\.\d+)?$/.test(cell)
    const wrong = !number && /^[=+\-@\t\r]|;\s*[=+\-@]/.test(cell) ? [`a formula: ${around(cell, 0)}`] : []
    const untrue = /^[[{]/.test(cell)
      ? untrueJson(cell, stored)
      : marksIn(cell).flatMap((mark) => {
          const value = stored.get(mark)
          return value !== undefined && cell.includes(cleanCsvCell(value).replace(/^'/, ''))
            ? []
            : [`${mark} in ${around(cell, 0)}`]
        })
    return [...wrong, ...untrue]
  })

/** What a page has besides the elements of our own. */
export const foreignHtml = (html: string): string[] => {
  const own =
    /<!DOCTYPE html>|<\/?(?:html|head|meta|title|style|body|main|h1|h2|h3|p|strong|dl|dt|dd|div|table|caption|thead|tbody|tr|th|td|ol|li|time|a|code)(?: (?:lang|charset|name|content|http-equiv|class|role|aria-label|tabindex|scope|datetime|href|id)="[^"<>]*")*>/g
  const rest = html.replace(/<style>[\s\S]*?<\/style>/, '').replace(own, '')
  return [
    ...(/[<>"']/.exec(rest) ? [around(rest, /[<>"']/.exec(rest)?.index ?? 0)] : []),
    ...(html.match(/href="(?!#step-\d+")[^"]*"/g) ?? []),
    ...(html.match(/&(?!(?:amp|lt|gt|quot|#39);)/g) ?? []),
  ]
}
