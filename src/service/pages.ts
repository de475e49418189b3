/** The most rows that one call of the database gives. */
const pageSize = 5000

/**
 * Walks a listing page by page.
 * @param fetch one page after a position (null is the start), newest first.
 * @param positionOf where the page after this row begins.
 */
export async function* walk<T, P>(
  fetch: (after: P | null, limit: number) => Promise<T[]>,
  positionOf: (row: T) => P,
  start: P | null,
  limit: number,
): AsyncGenerator<T, void> {
  let after = start
  let left = limit
  while (left > 0) {
    const size = Math.min(pageSize, left)
    const page = await fetch(after, size)
    yield* page
    const last = page.at(-1)
    if (!last || page.length < size) return
    after = positionOf(last)
    left -= page.length
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
