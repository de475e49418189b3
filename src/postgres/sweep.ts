import { callValue, type Refusal } from './call.ts'
import type { Queryable } from './database.ts'

/** Why a session ended by itself. */
export type EndReason = 'idle timeout' | 'absolute lifetime' | 'expired' | 'grant ended' | 'grant revoked'

/** Where a walk over organizations and sessions has got to; `at` is in microseconds since 1970. */
export interface SweepPosition {
  readonly organization: string
  readonly at: number
  readonly id: string
}

export interface SweptBatch {
  readonly swept: number
  readonly reasons: Readonly<Partial<Record<EndReason, number>>>
  readonly refreshTokensRevoked: number
  readonly accessTokensBlocked: number
  /** Held by somebody else at that moment. */
  readonly skipped: number
  /** Sessions with access tokens that were alive. */
  readonly blocked: readonly string[]
  readonly after: SweepPosition | null
}

interface Batch {
  readonly after: SweepPosition | null
  readonly limit: number
  readonly reason: string
  readonly ticket: string | null
}

/** @see functions/sessions/sweep_sessions.sql, sweep_all_sessions.sql */
export const sweepSessions = (
  db: Queryable,
  everywhere: boolean,
  batch: Batch & { readonly organization: string | null; readonly requestId: string | null },
): Promise<SweptBatch | Refusal> =>
  callValue(db, everywhere ? 'sweep_all_sessions' : 'sweep_sessions', {
    p_organization: batch.organization,
    p_after: batch.after,
    p_limit: batch.limit,
    p_reason: batch.reason,
    p_ticket: batch.ticket,
    p_request_id: batch.requestId,
  })

export interface Purged {
  readonly sessions: number
  readonly refreshTokens: number
  readonly blockedTokens: number
  readonly requests: number
  readonly intents: number
}

export interface PurgedBatch extends Purged {
  readonly after: SweepPosition | null
  readonly more: boolean
}

/** @see functions/sessions/purge_sessions.sql */
export const purgeSessions = (db: Queryable, age: string, batch: Batch): Promise<PurgedBatch> =>
  callValue(db, 'purge_sessions', {
    p_age: age,
    p_after: batch.after,
    p_limit: batch.limit,
    p_reason: batch.reason,
    p_ticket: batch.ticket,
  })
