import { callRows, callValue } from './call.ts'
import type { Queryable } from './database.ts'

/** Where the platform looks for blocked tokens. */
export type BlocklistMode = 'redis' | 'database'

/** A blocked access token that Redis may not know yet. */
export interface ResidualAccess {
  readonly jti: string
  readonly sessionId: string
  readonly expiresAt: string
}

/** @see functions/blocklist/residual_access.sql */
export const residualAccess = (
  db: Queryable,
  sessions: readonly string[],
): Promise<{ mode: BlocklistMode; published: number; residual: ResidualAccess[] }> =>
  callValue(db, 'residual_access', { p_sessions: sessions })

/** @see functions/blocklist/claim_blocklist.sql */
export const claimBlocklist = (
  db: Queryable,
  limit: number,
): Promise<{ jti: string; sessionId: string; remainingMs: number }[]> =>
  callRows(db, 'claim_blocklist', { p_limit: limit })

/** @see functions/blocklist/mark_published.sql */
export const markPublished = (db: Queryable, jtis: readonly string[]): Promise<number> =>
  callValue(db, 'mark_published', { p_jtis: jtis })

export interface BlocklistCount {
  readonly mode: BlocklistMode
  readonly live: number
  readonly pending: number
  readonly oldestPendingAt: string | null
}

/** @see functions/blocklist/blocklist_status.sql */
export const blocklistStatus = async (db: Queryable): Promise<BlocklistCount> => {
  const [row] = await callRows<BlocklistCount>(db, 'blocklist_status', {})
  return row ?? { mode: 'database', live: 0, pending: 0, oldestPendingAt: null }
}

export interface CheckedToken {
  readonly jti: string
  readonly sessionId: string
  readonly organizationId: string
  readonly expiresAt: string
  readonly remainingMs: number
  readonly publishedAt: string | null
  readonly mode: BlocklistMode
}

/** @see functions/blocklist/check_token.sql */
export const checkToken = async (db: Queryable, jti: string): Promise<CheckedToken> => {
  const [row] = await callRows<CheckedToken>(db, 'check_token', { p_jti: jti })
  if (!row) throw new Error('check_token returned no row')
  return row
}
