import type { Column } from '../view.ts'
import type { PaintStyle } from './options.ts'

/** How many rows the library formats in one call. */
const rowsAtOnce = 500

/** Keys as the header, then a line for each row; numbers stay numbers, text cannot become a formula. */
export async function* csv<T>(
  columns: readonly Column<T>[],
  rows: AsyncIterable<T> | Iterable<T>,
  style: PaintStyle,
): AsyncGenerator<string> {
  const { stringify } = await import('csv-stringify/sync')
  const cell = (value: unknown): string => {
    if (value === null || value === undefined) return ''
    if (typeof value === 'string') return style.cleanCsvCell(value)
    if (value instanceof Date) return value.toISOString()
    return typeof value === 'object'
      ? style.cleanCsvCell(style.cleanJson(JSON.stringify(value)))
      : String(value)
  }
  let lines: string[][] = [columns.map(({ key }) => key)]
  for await (const row of rows) {
    lines.push(columns.map(({ value }) => cell(value(row))))
    if (lines.length < rowsAtOnce) continue
    yield stringify(lines)
    lines = []
  }
  if (lines.length > 0) yield stringify(lines)
}
