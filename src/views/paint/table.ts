/**
 * Aligned text. Wide and combined characters are measured by string-width alone: cli-table3 carries an older one, which
 * counts the points and vowel signs of Hebrew, Thai and Devanagari as columns of their own.
 */
import type { Column, Tone } from '../view.ts'
import { type Measure, measureOf } from './columns.ts'
import type { PaintOptions } from './options.ts'

interface Cell {
  readonly text: string
  readonly tone: Tone
}

interface Lane {
  readonly header: string
  readonly cells: readonly Cell[]
  readonly right: boolean
  /** Higher gives way first, 0 never. */
  readonly rank: number
  readonly least: number
  width: number
}

const gap = '  '
/** No column gets narrower than its header, or than this: of less nobody can tell what it was. */
const narrowest = 10
/** The same where a line that does not fit cannot become a sheet. */
const narrowestChoice = 6

/** A line of headers and a line for each row; rows too wide for the terminal become sheets. */
export async function* table<T>(
  columns: readonly Column<T>[],
  rows: AsyncIterable<T> | Iterable<T>,
  options: PaintOptions,
): AsyncGenerator<string> {
  const items: T[] = []
  for await (const row of rows) items.push(row)
  if (items.length === 0) return
  const { lanes, measure } = await lanesOf(columns, items, options)
  // A pipe gets everything in its line, and `wide` asks for everything: nothing of it is cut.
  const fits = (): boolean =>
    options.format === 'wide' ? excessOf(lanes, options.width) <= 0 : narrow(lanes, options.width)
  if (options.decorated && !fits()) {
    yield* sheets(columns, items, options)
    return
  }
  yield line(lanes.map((lane) => pad({ text: lane.header, tone: 'plain' }, lane, options, measure)))
  for (const at of items.keys()) {
    yield line(lanes.map((lane) => pad(lane.cells[at] ?? nothing, lane, options, measure)))
  }
}

/**
 * A line for each row without a header, to choose from: in columns where they fit, else one after the other, as a
 * screen reader says them. With each line its first cell, which stands for it once it is chosen.
 */
export const choiceLines = async <T>(
  columns: readonly Column<T>[],
  items: readonly T[],
  options: PaintOptions & { readonly aligned: boolean },
): Promise<{ name: string; short: string }[]> => {
  const rows = items.map((item) => columns.map((column) => cellOf(column, item, options).text))
  const inOneLine = rows.map((texts) => ({ name: texts.join(', '), short: texts[0] ?? '' }))
  if (!options.aligned) return inOneLine
  const { lanes, measure } = await lanesOf(columns, items, options, narrowestChoice)
  if (!narrow(lanes, options.width)) return inOneLine
  return inOneLine.map(({ short }, at) => ({
    name: line(lanes.map((lane) => pad(lane.cells[at] ?? nothing, lane, options, measure))).trimEnd(),
    short,
  }))
}

/** One `Field  value` line for each column, and an empty line between two items. */
export async function* sheets<T>(
  columns: readonly Column<T>[],
  items: Iterable<T>,
  options: PaintOptions,
): AsyncGenerator<string> {
  const labels = columns.map(headerOf)
  const width = Math.max(...labels.map((label) => label.length))
  let between = ''
  const room = options.width - width - gap.length
  const roomBelow = options.width - gap.length
  const indent = ' '.repeat(width + gap.length)
  for (const item of items) {
    const lines: string[] = []
    for (const [at, column] of columns.entries()) {
      const { text, tone } = cellOf(column, item, options)
      const label = labels[at] ?? ''
      const put = (parts: readonly string[], first: string, next: string) =>
        lines.push(
          ...parts.map((part, row) => `${row === 0 ? first : next}${options.style.tone(tone, part)}\n`),
        )
      // A wide character takes two columns.
      const long = options.decorated && text.length > room / 2
      const parts = long ? await wrap(text, room) : [text]
      // Only a single word is longer than its line.
      const broken = parts.some((part) => part.length > room && !part.includes(' '))
      // What the terminal would break beside its label, an id above all, stands below it.
      if (long && (broken || (room < leastRoom && parts.length > 1))) {
        lines.push(`${label}\n`)
        put(await wrap(text, roomBelow), gap, gap)
      } else put(parts, `${label.padEnd(width)}${gap}`, indent)
    }
    yield `${between}${lines.join('')}`
    between = '\n'
  }
}

/** With less room beside the labels, a longer text stands below its label. */
const leastRoom = 20

/** Lines of `room` at most, cut between words; a longer word stays whole, so that an id is copied as one. */
const wrap = async (text: string, room: number): Promise<string[]> => {
  const measure = await measureOf([text])
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && measure(longer) > room) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

const nothing: Cell = { text: '-', tone: 'plain' }

/** The key in words where a column has no header: `revoked at`. */
const headerOf = <T>({ key, cell }: Column<T>): string =>
  cell?.header ?? key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

/** What a person reads; an absent value is a dash, so that no line has a hole in it. */
const cellOf = <T>({ cell, value }: Column<T>, item: T, options: PaintOptions): Cell => {
  const at = { now: options.now, relative: options.decorated, wide: options.format === 'wide' }
  const text = options.style.clean(cell?.text ? cell.text(item, at) : plainText(value(item)))
  return text === '' ? nothing : { text, tone: cell?.tone?.(item) ?? 'plain' }
}

const plainText = (value: unknown): string => {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const lanesOf = async <T>(
  columns: readonly Column<T>[],
  items: readonly T[],
  options: PaintOptions,
  least = narrowest,
): Promise<{ lanes: Lane[]; measure: Measure }> => {
  const filled = columns.map((column) => ({
    column,
    header: headerOf(column).toUpperCase(),
    cells: items.map((item) => cellOf(column, item, options)),
  }))
  const measure = await measureOf(
    filled.flatMap(({ header, cells }) => [header, ...cells.map(({ text }) => text)]),
  )
  const lanes = filled.map(({ column, header, cells }) => {
    const width = cells.reduce((most, { text }) => Math.max(most, measure(text)), measure(header))
    return {
      header,
      cells,
      right: column.cell?.align === 'right',
      rank: column.cell?.shrink ?? 0,
      least: Math.min(width, Math.max(least, measure(header))),
      width,
    }
  })
  return { lanes, measure }
}

/** How many columns the lanes are too wide. */
const excessOf = (lanes: readonly Lane[], width: number): number =>
  lanes.reduce((sum, lane) => sum + lane.width + gap.length, -gap.length) - width

/** Narrows the lanes that give way first, the widest among equals, until all fit; false when they cannot. */
const narrow = (lanes: readonly Lane[], width: number): boolean => {
  let excess = excessOf(lanes, width)
  while (excess > 0) {
    const open = lanes.filter((lane) => lane.rank > 0 && lane.width > lane.least)
    const [first] = open.sort((one, other) => other.rank - one.rank || other.width - one.width)
    if (first === undefined) return false
    first.width -= 1
    excess -= 1
  }
  return true
}

/** Cut, coloured, filled up, in this order: colour has no width, and a cut inside a colour would never end it. */
const pad = ({ text, tone }: Cell, lane: Lane, { style }: PaintOptions, measure: Measure): string => {
  const cut = truncate(text, lane.width, measure)
  const fill = ' '.repeat(lane.width - measure(cut))
  return lane.right ? `${fill}${style.tone(tone, cut)}` : `${style.tone(tone, cut)}${fill}`
}

/** Cuts between characters as the eye sees them, never inside one. */
const truncate = (text: string, width: number, measure: Measure): string => {
  if (measure(text) <= width) return text
  let kept = ''
  let used = 1
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += measure(segment)
    if (used > width) break
    kept += segment
  }
  return `${kept}…`
}

const line = (cells: readonly string[]): string => `${cells.join(gap).trimEnd()}\n`
