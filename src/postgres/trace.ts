import { callValue } from './call.ts'
import type { Queryable } from './database.ts'
import type { AccessToken, RefreshToken, Session } from './sessions.ts'
import type { User } from './users.ts'

/** What a fact was taken for. */
export type FactKind = 'address' | 'session' | 'refreshToken' | 'accessToken' | 'user' | 'email' | 'text'

/** How a session hangs together with a fact: named by it, another one of the same person, or somebody else's. */
export type Relation = 'match' | 'sibling' | 'neighbour'

export interface TracedSession extends Session {
  readonly relation: Relation
  /** What a neighbour shares with a match. */
  readonly via: 'address' | 'device' | null
}

export interface TracedUser extends User {
  readonly relation: 'match' | 'neighbour'
}

export interface TracedRefreshToken extends RefreshToken {
  readonly sessionId: string
  /** Of the access token that was issued with it. */
  readonly jti: string
}

export interface TracedAccessToken extends AccessToken {
  readonly sessionId: string
  /** Neither expired nor on the blocklist that the platform reads. */
  readonly usable: boolean
}

export interface TracedGrant {
  readonly id: string
  readonly organization: string
  readonly granteeUserId: string
  readonly granteeEmail: string | null
  readonly grantedBy: string
  readonly createdAt: string
  readonly expiresAt: string
  readonly revokedAt: string | null
  readonly state: 'active' | 'expired' | 'revoked'
}

/** Everything within reach that is connected to a fact. The lists are cut, the counts and `usableSessions` are not. */
export interface Trace {
  readonly fact: string
  readonly kind: FactKind
  readonly at: string
  readonly from: string
  readonly to: string
  readonly counts: {
    readonly matches: number
    readonly siblings: number
    readonly neighbours: number
    readonly users: number
    readonly otherUsers: number
  }
  readonly usable: {
    readonly sessions: number
    readonly sessionsUntil: string | null
    readonly refreshTokens: number
    readonly accessTokens: number
    readonly accessTokensUntil: string | null
  }
  readonly usableSessions: readonly string[]
  readonly users: readonly TracedUser[]
  readonly sessions: readonly TracedSession[]
  readonly chain: readonly TracedRefreshToken[]
  readonly accessTokens: readonly TracedAccessToken[]
  readonly grants: readonly TracedGrant[]
}

/** @see functions/trace/get_trace.sql */
export const getTrace = (
  db: Queryable,
  { fact, window, organization }: { fact: string; window: string; organization: string | null },
): Promise<Trace> =>
  callValue(db, 'get_trace', { p_fact: fact, p_window: window, p_organization: organization })
