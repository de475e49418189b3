import type { SessionPosition } from '../../postgres/sessions.ts'
import type { Page } from '../pages.ts'

/** What has to be known of a page. */
export interface Extent {
  readonly sessions: number
  /** Where the first and the last of them stand; asked for a full page alone. */
  ends(): { readonly first: SessionPosition; readonly last: SessionPosition }
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
 */
export const windowed = <T>(
  read: (after: SessionPosition | null, size: number, floor: string | null) => Promise<readonly T[]>,
  extentOf: (rows: readonly T[]) => Extent,
): ((after: SessionPosition | null, size: number) => Promise<Page<T, SessionPosition>>) => {
  /** Microseconds that a page is likely to take; null where nothing tells. */
  let span: number | null = null
  return async (after, size) => {
    const floor = after !== null && span !== null ? Math.floor(Number(after.at) - span) : null
    const rows = await read(after, size, floor === null ? null : String(floor))
    const { sessions, ends } = extentOf(rows)
    if (sessions === size) {
      const { first, last } = ends()
      span = (Number((after ?? first).at) - Number(last.at)) * caution
      return { rows, next: last }
    }
    if (floor === null) return { rows, next: null }
    span = sessions === 0 ? null : (span ?? 0) * Math.min(growth, (size / sessions) * caution)
    return { rows, next: { at: String(floor), id: lastId } }
  }
}
