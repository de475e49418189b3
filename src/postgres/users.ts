import type { AuditEvent } from './audit.ts'
import { callRows, callValue, type Refusal } from './call.ts'
import type { Queryable } from './database.ts'
import type { Session } from './sessions.ts'

/** One user as the contract shows it. */
export interface User {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly organizationId: string | null
  readonly organization: string | null
  readonly role: string
  readonly status: 'active' | 'deactivated'
  readonly deactivatedAt: string | null
  readonly activeSessions: number
  readonly lastActivityAt: string | null
}

/** Which users are meant; `search` is a prefix of e-mail or name. */
export interface UserSelector {
  readonly organization?: string
  readonly search?: string
  readonly role?: string
  readonly status?: 'active' | 'deactivated'
}

export interface UserPosition {
  readonly email: string
  readonly id: string
}

/** @see functions/users/list_users.sql */
export const listUsers = (
  db: Queryable,
  page: { selector: UserSelector; after: UserPosition | null; limit: number },
): Promise<User[]> =>
  callRows(db, 'list_users', {
    p_selector: page.selector,
    p_after_email: page.after?.email ?? null,
    p_after_id: page.after?.id ?? null,
    p_limit: page.limit,
  })

export interface HeldGrant {
  readonly id: string
  readonly organization: string
  readonly createdAt: string
  readonly expiresAt: string
  readonly revokedAt: string | null
  readonly state: 'active' | 'expired' | 'revoked'
}

export interface UserDetails {
  readonly user: User
  readonly sessions: readonly Session[]
  readonly grants: readonly HeldGrant[]
  readonly auditEvents: readonly AuditEvent[]
}

/** @see functions/users/get_user.sql */
export const getUser = (db: Queryable, user: string): Promise<UserDetails> =>
  callValue(db, 'get_user', { p_user: user })

/** A user whom a name (e-mail or id) means; `place` counts the names from 1. */
export interface FoundUser {
  readonly place: number
  readonly userId: string
  readonly email: string
  readonly name: string
  readonly organization: string
  readonly role: string
  readonly status: 'active' | 'deactivated'
  readonly myself: boolean
}

/** @see functions/users/find_users.sql */
export const findUsers = (
  db: Queryable,
  names: readonly string[],
  organization: string | null,
): Promise<FoundUser[]> => callRows(db, 'find_users', { p_names: names, p_organization: organization })

/** @see functions/users/refused_offboardings.sql */
export const refusedOffboardings = (
  db: Queryable,
  users: readonly string[],
): Promise<{ userId: string; message: string }[]> => callRows(db, 'refused_offboardings', { p_users: users })

export type UserAct = 'offboard' | 'sign_out' | 'reinstate'

export type UserOutcome =
  | 'offboarded'
  | 'alreadyOffboarded'
  | 'signedOut'
  | 'alreadySignedOut'
  | 'reinstated'
  | 'alreadyActive'
  | 'notFound'
  | 'refused'

/** What became of one user; the numbers are missing where nothing was tried. */
export interface UserEnding {
  readonly userId: string
  readonly email?: string | null
  readonly outcome: UserOutcome
  readonly sessions?: readonly string[]
  readonly sessionsRevoked?: number
  readonly refreshTokensRevoked?: number
  readonly accessTokensBlocked?: number
  readonly grantsRevoked?: number
  readonly message?: string
}

/** One user of an act, with what goes on the record. */
export interface UserTarget {
  readonly userId: string
  readonly reason: string
  readonly ticket: string | null
}

/**
 * All in the caller's transaction. `staff` is an administrator's act on users of no tenant.
 * @see functions/users/offboard_users.sql, sign_out_users.sql, reinstate_users.sql, staff_act.sql
 */
export const actOnUsers = (
  db: Queryable,
  act: UserAct,
  staff: boolean,
  targets: readonly UserTarget[],
  requestId: string | null,
): Promise<{ items: UserEnding[] } | Refusal> =>
  callValue(db, staff ? 'staff_act' : `${act}_users`, {
    ...(staff ? { p_act: act } : {}),
    p_users: targets.map(({ userId }) => userId),
    p_reasons: targets.map(({ reason }) => reason),
    p_tickets: targets.map(({ ticket }) => ticket),
    p_request_id: requestId,
  })

interface OpenToken {
  readonly jti: string
  readonly sessionId: string
  readonly expiresAt: string
}

/** What is still open to one user, from the tables as they are now. */
export interface AccessFacts {
  readonly userId: string
  readonly email: string
  readonly status: 'active' | 'deactivated'
  readonly activeSessions: readonly { readonly id: string; readonly endsAt: string }[]
  readonly refreshTokens: readonly {
    readonly id: string
    readonly sessionId: string
    readonly endsAt: string
  }[]
  readonly unblocked: readonly OpenToken[]
  readonly blocked: readonly (OpenToken & {
    readonly remainingMs: number
    readonly publishedAt: string | null
  })[]
  readonly grants: readonly { readonly id: string; readonly expiresAt: string }[]
}

export interface AuditHead {
  readonly organization: string
  readonly seq: number
  readonly hash: string
}

/** @see functions/users/verify_users.sql, verify_staff.sql */
export const verifyUsers = (
  db: Queryable,
  staff: boolean,
  users: readonly string[],
): Promise<{ mode: 'redis' | 'database'; users: AccessFacts[]; auditHead: AuditHead | null }> =>
  callValue(db, staff ? 'verify_staff' : 'verify_users', { p_users: users })
