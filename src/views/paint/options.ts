import { MeanderError } from '../../errors.ts'
import type { Column, OutputFormat, Tone, View } from '../view.ts'

/** The sanitiser and the colours, which belong to the terminal. */
export interface PaintStyle {
  clean(text: string): string
  cleanJson(json: string): string
  cleanCsvCell(text: string): string
  tone(tone: Tone, text: string): string
}

export interface PaintOptions {
  readonly format: OutputFormat
  /** The keys of `--columns`, for `table`, `wide` and `csv`. */
  readonly columns?: readonly string[] | undefined
  readonly now: Date
  /** For a person at a terminal: relative times, tables that fit `width`. */
  readonly decorated: boolean
  readonly width: number
  readonly style: PaintStyle
}

/** The columns of a list in `format`: those asked for, else the format's own. @throws MeanderError USAGE. */
export const chooseColumns = <T>(
  view: View<T>,
  format: OutputFormat,
  keys?: readonly string[],
): readonly Column<T>[] => {
  if (format === 'prometheus') {
    throw new MeanderError('USAGE', `-o prometheus is for stats, not for ${view.noun[1]}.`)
  }
  if (format === 'html') {
    throw new MeanderError('USAGE', `-o html is for audit timeline, not for ${view.noun[1]}.`)
  }
  if (keys === undefined) {
    if (format === 'table') return view.columns.filter(({ cell }) => cell !== undefined && cell.wide !== true)
    return format === 'wide' ? view.columns.filter(({ cell }) => cell !== undefined) : view.columns
  }
  if (format !== 'table' && format !== 'wide' && format !== 'csv') {
    throw new MeanderError('USAGE', `--columns is for table, wide and csv: ${format} never drops a field.`)
  }
  const known = view.columns.map(({ key }) => key)
  const unknown = keys.filter((key) => !known.includes(key))
  if (unknown.length > 0 || keys.length === 0) {
    const what = unknown.length > 0 ? `There is no column ${unknown.join(', ')}.` : 'No column was named.'
    throw new MeanderError('USAGE', what, { hint: `The columns are ${known.join(',')}` })
  }
  return keys.flatMap((key) => view.columns.filter((column) => column.key === key))
}
