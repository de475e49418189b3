/** From rows to text in every output form; where the text goes is the terminal's business. */
import { fieldsOf, type View } from '../view.ts'
import { batch } from './batch.ts'
import { csv } from './csv.ts'
import { envelope, jsonFindings, jsonList, ndjson } from './json.ts'
import { chooseColumns, type PaintOptions } from './options.ts'
import { sheets, table } from './table.ts'

type Rows<T> = AsyncIterable<T> | Iterable<T>

/**
 * A list. `ndjson`, `csv` and `id` hold no more than a chunk in memory; an empty table is no text at all.
 * @throws MeanderError USAGE at once, before a row is read, when `--columns` does not fit.
 */
export const paintList = <T>(
  view: View<T>,
  rows: Rows<T>,
  options: PaintOptions & { readonly nextCursor?: string | null },
): AsyncIterable<string> => {
  const { format, style } = options
  const columns = chooseColumns(view, format, options.columns)
  switch (format) {
    case 'json':
      return batch(mapped(jsonList(view, rows, options.nextCursor ?? null), style.cleanJson))
    case 'ndjson':
      return batch(mapped(ndjson(view, rows), style.cleanJson))
    case 'csv':
      return batch(csv(columns, rows, style))
    case 'id':
      return batch(mapped(rows, (row) => `${style.clean(view.id(row))}\n`))
    default:
      return batch(table(columns, rows, options))
  }
}

/** One thing: a sheet of `Field  value` for a person, `{"schemaVersion":1,"kind":K,"item":{…}}` for `json`. */
export const paintItem = <T>(view: View<T>, item: T, options: PaintOptions): AsyncIterable<string> => {
  const { format, style } = options
  const columns = chooseColumns(view, format, options.columns)
  if (format === 'json') {
    return batch([style.cleanJson(envelope(view.kind, { item: fieldsOf(view)(item) }))])
  }
  if (format !== 'table' && format !== 'wide') return paintList(view, [item], options)
  return batch(sheets(options.columns === undefined ? view.columns : columns, [item], options))
}

/**
 * What an act came to: `{"schemaVersion":1,"kind":"RevocationResult",…}` for `json`, its items for every
 * other form. `view` says how one item looks.
 */
export const paintResult = <T>(
  kind: string,
  view: View<T>,
  result: { readonly items: readonly T[] },
  options: PaintOptions,
): AsyncIterable<string> => {
  if (options.format !== 'json') return paintList(view, result.items, options)
  chooseColumns(view, options.format, options.columns)
  const fields = { ...result, items: result.items.map(fieldsOf(view)) }
  return batch([options.style.cleanJson(envelope(kind, fields))])
}

/** The same while it is still being found: nothing is kept. What `rest` says at the end is for `json` alone. */
export const paintFindings = <T>(
  kind: string,
  view: View<T>,
  rows: AsyncIterable<T>,
  rest: () => object,
  options: PaintOptions,
): AsyncIterable<string> => {
  if (options.format !== 'json') return paintList(view, rows, options)
  chooseColumns(view, options.format, options.columns)
  return batch(mapped(jsonFindings(kind, view, rows, rest), options.style.cleanJson))
}

async function* mapped<T>(rows: Rows<T>, text: (row: T) => string): AsyncGenerator<string> {
  for await (const row of rows) yield text(row)
}
