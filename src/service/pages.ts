/** The most rows that one call of the database gives. */
const pageSize = 5000

/** Some rows of a listing, and the position behind them; null where nothing follows. */
export interface Page<T, P> {
  readonly rows: readonly T[]
  readonly next: P | null
}

/** Of a listing that fills each page but the last. @param size what the page could hold */
export const filled = <T, P>(rows: readonly T[], positionOf: (row: T) => P, size: number): Page<T, P> => {
  const last = rows.at(-1)
  return { rows, next: last && rows.length === size ? positionOf(last) : null }
}

/**
 * Walks a listing page by page; the next is on its way while one is worked on.
 * @param fetch one page after a position (null is the start), newest first.
 */
export async function* walk<T, P>(
  fetch: (after: P | null, limit: number) => Promise<Page<T, P>>,
  start: P | null,
  limit: number,
): AsyncGenerator<T, void> {
  let left = limit
  let page = left > 0 ? fetch(start, Math.min(pageSize, left)) : null
  while (page) {
    const { rows, next } = await page
    left -= rows.length
    page = next === null || left <= 0 ? null : fetch(next, Math.min(pageSize, left))
    // Whoever waits for it is told; until then nobody does.
    page?.catch(() => {})
    yield* rows
  }
}

/** Up to `limit` rows, and where the rest begins: null when there is none. */
export const firstOf = async <T, P>(
  rows: (limit: number) => AsyncIterable<T>,
  positionOf: (row: T) => P,
  limit: number,
): Promise<{ items: T[]; rest: P | null }> => {
  const items: T[] = []
  for await (const row of rows(limit + 1)) items.push(row)
  const more = items.length > limit
  if (more) items.pop()
  const last = items.at(-1)
  return { items, rest: more && last ? positionOf(last) : null }
}
