import type { AuditEvent } from './audit.ts'
import { callRows, callValue, copyRows, type Refusal } from './call.ts'
import type { Database, Queryable } from './database.ts'

/** One session as the contract shows it. Moments are RFC 3339 in UTC with microseconds. */
export interface Session {
  readonly id: string
  readonly userId: string
  readonly userEmail: string | null
  readonly userName: string | null
  readonly organizationId: string
  readonly organization: string
  readonly kind: 'mobile' | 'portal'
  readonly deviceType: string | null
  readonly deviceName: string | null
  readonly userAgent: string | null
  readonly ip: string | null
  readonly createdAt: string
  readonly lastActivityAt: string
  readonly expiresAt: string
  readonly effectiveExpiresAt: string
  readonly state: 'active' | 'expired' | 'revoked'
  readonly supportAccessGrantId: string | null
  readonly revokedAt: string | null
  readonly revokedBy: string | null
  readonly revokeReason: string | null
}

/** Which sessions are meant; durations ago are ISO 8601 (`PT15M`), reckoned by the database's clock. */
export interface SessionSelector {
  readonly organization?: string
  readonly ids?: readonly string[]
  readonly user?: string
  readonly kind?: 'mobile' | 'portal'
  readonly device?: string
  readonly userAgent?: string
  readonly ip?: string
  readonly grant?: string
  readonly state?: 'active' | 'expired' | 'revoked' | 'any'
  readonly idleFor?: string
  readonly activeWithin?: string
  readonly createdBefore?: string
  readonly createdAfter?: string
}

export type SessionSort = 'last-activity' | 'created'

export interface SessionPosition {
  /** Microseconds since 1970 of the sorting moment. */
  readonly at: string
  readonly id: string
}

export interface RefreshToken {
  readonly id: string
  readonly parentId: string | null
  readonly createdAt: string
  readonly rotatedAt: string | null
  readonly revokedAt: string | null
  readonly state: 'live' | 'rotated' | 'revoked' | 'expired'
}

export interface AccessToken {
  readonly jti: string
  readonly expiresAt: string
  readonly remainingSeconds: number
  readonly blocked: boolean
  readonly publishedAt: string | null
}

export interface SessionDetails {
  readonly session: Session
  readonly chain: readonly RefreshToken[]
  readonly accessTokens: readonly AccessToken[]
  readonly auditEvents: readonly AuditEvent[]
}

export interface Revocation {
  readonly summary: {
    readonly requested: number
    readonly revoked: number
    readonly alreadyRevoked: number
    readonly alreadyExpired: number
    readonly notFound: number
    readonly refreshTokensRevoked: number
    readonly accessTokensBlocked: number
  }
  readonly items: readonly {
    readonly sessionId: string
    readonly userId: string | null
    readonly userEmail: string | null
    readonly outcome: 'revoked' | 'alreadyRevoked' | 'alreadyExpired' | 'notFound'
  }[]
}

/** How many sessions of one organization have this value. */
export interface StatsGroup {
  readonly organization: string
  readonly dimension: 'state' | 'reason' | 'kind' | 'deviceType' | 'age' | 'idle'
  readonly value: string
  readonly sessions: number
}

export interface SessionStats {
  readonly at: string
  /** Of the sessions that the groups by kind, device type, age and idle count. */
  readonly state: 'active' | 'expired' | 'revoked' | 'any'
  readonly groups: readonly StatsGroup[]
}

/** Whose sessions a call is about: everybody's within reach, or the caller's own whatever the role. */
export type Scope = 'reach' | 'own'

interface SessionPage {
  readonly selector: SessionSelector
  readonly sort: SessionSort
  readonly after: SessionPosition | null
  readonly limit: number
  /** Nothing older is wanted: microseconds since 1970 of the sorting moment. */
  readonly floor: string | null
}

const pageCall = (
  scope: Scope,
  { selector, sort, after, limit, floor }: SessionPage,
): [name: string, args: Record<string, string | number | null>] => [
  scope === 'own' ? 'list_own_sessions' : 'list_sessions',
  {
    p_selector: JSON.stringify(selector),
    p_sort: sort,
    p_after_at: after?.at ?? null,
    p_after_id: after?.id ?? null,
    p_limit: limit,
    p_floor_at: floor,
  },
]

/** @see functions/sessions/list_sessions.sql, list_own_sessions.sql */
export const listSessions = (db: Queryable, scope: Scope, page: SessionPage): Promise<Session[]> =>
  callRows<Session>(db, ...pageCall(scope, page))

/** The same as bytes: a line for each session, the fields of `Session` in their order between tabs. */
export const copySessions = (
  db: Pick<Database, 'copyOut'>,
  scope: Scope,
  page: SessionPage,
): Promise<Buffer> => copyRows(db, ...pageCall(scope, page))

/** @see functions/sessions/get_session.sql, get_own_session.sql */
export const getSession = (db: Queryable, scope: Scope, id: string): Promise<SessionDetails> =>
  callValue(db, scope === 'own' ? 'get_own_session' : 'get_session', { p_session: id })

/** @see functions/sessions/revoke_sessions.sql, revoke_own_sessions.sql */
export const revokeSessions = (
  db: Queryable,
  scope: Scope,
  act: { ids: readonly string[]; reason: string; ticket: string | null; requestId: string | null },
): Promise<Revocation | Refusal> =>
  callValue(db, scope === 'own' ? 'revoke_own_sessions' : 'revoke_sessions', {
    p_sessions: act.ids,
    p_reason: act.reason,
    p_ticket: act.ticket,
    p_request_id: act.requestId,
  })

/** @see functions/sessions/session_stats.sql, own_session_stats.sql */
export const sessionStats = (db: Queryable, scope: Scope, selector: SessionSelector): Promise<SessionStats> =>
  callValue(db, scope === 'own' ? 'own_session_stats' : 'session_stats', { p_selector: selector })
