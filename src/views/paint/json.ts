import { fieldsOf, type View } from '../view.ts'

const schemaVersion = 1

/** `{"schemaVersion":1,"kind":…, …}` on one line. */
export const envelope = (kind: string, fields: object): string =>
  `${JSON.stringify({ schemaVersion, kind, ...fields })}\n`

/** A list, written while it is read. */
export async function* jsonList<T>(
  view: View<T>,
  rows: AsyncIterable<T> | Iterable<T>,
  nextCursor: string | null,
): AsyncGenerator<string> {
  yield `{"schemaVersion":${schemaVersion},"kind":${JSON.stringify(`${view.kind}List`)},"items":[`
  let separator = ''
  for await (const row of rows) {
    yield `${separator}${JSON.stringify(fieldsOf(view)(row))}`
    separator = ','
  }
  yield `],"nextCursor":${JSON.stringify(nextCursor)}}\n`
}

/** What a command found, written while it is found; `rest` is asked for at the end. */
export async function* jsonFindings<T>(
  kind: string,
  view: View<T>,
  rows: AsyncIterable<T>,
  rest: () => object,
): AsyncGenerator<string> {
  yield `{"schemaVersion":${schemaVersion},"kind":${JSON.stringify(kind)},"items":[`
  let separator = ''
  for await (const row of rows) {
    yield `${separator}${JSON.stringify(fieldsOf(view)(row))}`
    separator = ','
  }
  yield `],${JSON.stringify(rest()).slice(1)}\n`
}

/** Bare items, one a line. */
export async function* ndjson<T>(
  view: View<T>,
  rows: AsyncIterable<T> | Iterable<T>,
): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(fieldsOf(view)(row))}\n`
}
