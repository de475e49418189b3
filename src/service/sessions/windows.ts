import type { SessionPosition } from '../../postgres/sessions.ts'

/** What a page says of where it lies: the moments in microseconds since 1970. */
export interface Extent {
  readonly sessions: number
  readonly first: number
  readonly last: SessionPosition
}

/** Behind every session of a moment: no id is greater. */
const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
/** A window is rather too small than too large: what is in it beyond a page is read for nothing. */
const caution = 0.9
const growth = 8

/**
 * Pages of sessions, none reaching further down than about as far as its rows go: of several organizations each has to
 * give what it has down to there, and would otherwise give a page of its own.
 * @param read what is behind a position and not older than `floor` (microseconds; null is no floor).
 * @param extentOf null of a page without sessions.
 */
export const windowed = <P>(
  read: (after: SessionPosition | null, size: number, floor: string | null) => Promise<P>,
  extentOf: (page: P) => Extent | null,
): ((after: SessionPosition | null, size: number) => Promise<{ page: P; next: SessionPosition | null }>) => {
  /** Microseconds that a page is likely to take; null where nothing tells. */
  let span: number | null = null
  return async (after, size) => {
    const floor: number | null = after && span && Math.floor(Number(after.at) - span)
    const page = await read(after, size, floor === null ? null : String(floor))
    const extent = extentOf(page)
    const full = extent?.sessions === size
    if (floor !== null && !full) {
      const more = Math.min(growth, (size / (extent?.sessions ?? 0)) * caution)
      span = extent && (span ?? 0) * more
      return { page, next: { at: String(floor), id: lastId } }
    }
    if (!extent || !full) return { page, next: null }
    span = ((after ? Number(after.at) : extent.first) - Number(extent.last.at)) * caution
    return { page, next: extent.last }
  }
}
