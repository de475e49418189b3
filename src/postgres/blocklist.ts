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

/** Where a walk over blocked tokens has got to; `at` is in microseconds since 1970. */
export interface TokenPosition {
  readonly at: number
  readonly jti: string
}

export interface ClaimedToken extends TokenPosition {
  readonly sessionId: string
  readonly expiresAt: string
  /** Life left by the clock of the database. */
  readonly remainingMs: number
}

/**
 * Unpublished tokens for this transaction: of these sessions, or of all within reach.
 * @see functions/blocklist/claim_blocklist.sql, claim_tokens.sql
 */
export const claimBlocklist = (
  db: Queryable,
  sessions: readonly string[] | null,
  after: TokenPosition | null,
  limit: number,
): Promise<ClaimedToken[]> => {
  const page = { p_limit: limit, p_after_at: after?.at ?? null, p_after_jti: after?.jti ?? null }
  return sessions === null
    ? callRows(db, 'claim_blocklist', page)
    : callRows(db, 'claim_tokens', { p_sessions: sessions, ...page })
}

export interface BlockedRow extends ClaimedToken {
  readonly organizationId: string
  /** PostgreSQL has it as published. */
  readonly published: boolean
}

/**
 * One page of the blocked tokens that still live: those that this login may publish, or those that it may see.
 * @see functions/blocklist/list_blocked_tokens.sql
 */
export const listBlockedTokens = (
  db: Queryable,
  which: 'publishable' | 'visible',
  after: Pick<BlockedRow, 'organizationId' | 'at' | 'jti'> | null,
  limit: number,
): Promise<BlockedRow[]> =>
  callRows(db, 'list_blocked_tokens', {
    p_publishable: which === 'publishable',
    p_after_organization: after?.organizationId ?? null,
    p_after_at: after?.at ?? null,
    p_after_jti: after?.jti ?? null,
    p_limit: limit,
  })

/** Which of these are no blocked tokens at all. @see functions/blocklist/unknown_tokens.sql */
export const unknownTokens = async (db: Queryable, jtis: readonly string[]): Promise<string[]> =>
  (await callRows<{ unknownTokens: string }>(db, 'unknown_tokens', { p_jtis: jtis })).map(
    ({ unknownTokens: jti }) => jti,
  )

/** @see functions/blocklist/note_redis_filled.sql */
export const noteRedisFilled = (db: Queryable, runIds: readonly string[]): Promise<void> =>
  callValue(db, 'note_redis_filled', { p_run_ids: runIds })

/** @see functions/blocklist/mark_published.sql */
export const markPublished = (db: Queryable, jtis: readonly string[]): Promise<number> =>
  callValue(db, 'mark_published', { p_jtis: jtis })

export interface BlocklistCount {
  readonly mode: BlocklistMode
  readonly live: number
  readonly pending: number
  readonly oldestPendingAt: string | null
  /** This login sees all of it: a publisher or an administrator. */
  readonly everywhere: boolean
  /** The Redis servers that were last known to hold everything; none when none was filled yet. */
  readonly redisRunIds: readonly string[]
}

/** @see functions/blocklist/blocklist_status.sql */
export const blocklistStatus = async (db: Queryable): Promise<BlocklistCount> => {
  const [row] = await callRows<BlocklistCount>(db, 'blocklist_status', {})
  if (!row) throw new Error('blocklist_status returned no row')
  return row
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
