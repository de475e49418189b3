/** How one kind of thing is shown: one column per field of the contract, in the contract's order. */

export type Tone = 'good' | 'warn' | 'bad' | 'dim' | 'plain'

export interface Column<T> {
  /** The JSON field, CSV header and name for `--columns`. */
  readonly key: string
  /** The field as data. Text stays as it was stored: cleaning and escaping belong to the painters. */
  value(item: T): unknown
  /** The cell of `table` (and `wide`); left out, the field is in `json`, `ndjson` and `csv` alone. */
  readonly cell?: {
    readonly header: string
    /** Plain text; `now` makes relative times; `wide` asks for the whole text. */
    text?(item: T, at: { now: Date; relative: boolean; wide: boolean }): string
    /** Said in words by the text; the tone is colour on top. */
    tone?(item: T): Tone
    /** Only in `-o wide`. */
    readonly wide?: boolean
    readonly align?: 'right'
    /** What gives way first when the terminal is narrow: 0 never shrinks, higher shrinks earlier. */
    readonly shrink?: number
  }
}

export interface View<T> {
  /** The JSON kind, a noun in PascalCase: `Session`. */
  readonly kind: string
  /** For sentences: `session`, `sessions`. */
  readonly noun: readonly [one: string, many: string]
  readonly columns: readonly Column<T>[]
  id(item: T): string
}

/** Every field of a thing in the contract's order; what is absent is null. */
export const fieldsOf =
  <T>({ columns }: View<T>) =>
  (item: T): Record<string, unknown> => {
    const fields: Record<string, unknown> = {}
    for (const { key, value } of columns) fields[key] = value(item) ?? null
    return fields
  }

export const outputFormats = ['table', 'wide', 'json', 'ndjson', 'csv', 'id'] as const
export type OutputFormat = (typeof outputFormats)[number] | 'prometheus' | 'html'

/** What each form is for: for `help output` and wherever a form is chosen. */
export const formatMeanings: Readonly<Record<OutputFormat, string>> = {
  table: 'for a person; as wide as the terminal',
  wide: 'the same with more columns, and nothing shortened',
  json: 'one document, for programs',
  ndjson: 'one object a line, as it comes',
  csv: 'every field, for spreadsheets',
  id: 'ids alone, one a line, for a pipe',
  prometheus: 'metrics as text (sessions stats)',
  html: 'a page to print (audit timeline)',
}

/** One number that is watched over time, with a sample for each set of labels. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
}

/** What a page needs beside its thing: the moment, the sanitiser, and who made it. */
export interface PageSurroundings {
  readonly now: Date
  readonly version: string
  clean(text: string): string
}
