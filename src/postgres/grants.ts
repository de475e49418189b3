import type { AuditEvent } from './audit.ts'
import { callRows, callValue, type Refusal } from './call.ts'
import type { Queryable } from './database.ts'
import type { Session } from './sessions.ts'
import type { AuditHead } from './users.ts'

/** One support access grant as the contract shows it, and what it opened so far. */
export interface Grant {
  readonly id: string
  readonly organizationId: string
  readonly organization: string
  readonly granteeUserId: string
  readonly granteeEmail: string | null
  readonly grantedBy: string
  readonly reason: string
  readonly ticket: string | null
  readonly createdAt: string
  readonly expiresAt: string
  readonly state: 'active' | 'expired' | 'revoked'
  readonly revokedAt: string | null
  readonly revokedBy: string | null
  readonly activeSessions: number
  /** Sessions that were ever opened under it. */
  readonly sessions: number
  /** Calls that its holder put on record: those that look, and those that change. */
  readonly reads: number
  readonly acts: number
}

/** Which grants are meant; `to` is the grantee's e-mail or id, `state` is active when left out. */
export interface GrantSelector {
  readonly organization?: string
  readonly to?: string
  readonly state?: 'active' | 'expired' | 'revoked' | 'any'
}

export interface GrantPosition {
  /** Microseconds since 1970 of its creation. */
  readonly at: string
  readonly id: string
}

/** @see functions/grants/list_grants.sql */
export const listGrants = (
  db: Queryable,
  page: { selector: GrantSelector; after: GrantPosition | null; limit: number },
): Promise<Grant[]> =>
  callRows(db, 'list_grants', {
    p_selector: page.selector,
    p_after_at: page.after?.at ?? null,
    p_after_id: page.after?.id ?? null,
    p_limit: page.limit,
  })

export interface GrantDetails {
  readonly grant: Grant
  readonly sessions: readonly Session[]
  readonly auditEvents: readonly AuditEvent[]
  readonly auditHead: AuditHead
}

/** @see functions/grants/get_grant.sql */
export const getGrant = (db: Queryable, grant: string): Promise<GrantDetails> =>
  callValue(db, 'get_grant', { p_grant: grant })

/** What goes on the record with an act. */
interface Act {
  readonly reason: string
  readonly ticket: string | null
  readonly requestId: string | null
}

/** Whom an org admin lets in, and until when. */
export interface NewGrant {
  /** Slug or id; null is the own organization. */
  readonly organization: string | null
  readonly to: string
  /** RFC 3339, or an ISO 8601 duration ahead, reckoned by the database's clock. */
  readonly expires: string
}

/** @see functions/grants/create_grant.sql */
export const createGrant = (
  db: Queryable,
  { organization, to, expires }: NewGrant,
  act: Act,
): Promise<{ grant: Grant } | Refusal> =>
  callValue(db, 'create_grant', {
    p_organization: organization,
    p_grantee: to,
    p_expires: expires,
    p_reason: act.reason,
    p_ticket: act.ticket,
    p_request_id: act.requestId,
  })

export interface GrantRevocation {
  readonly summary: {
    readonly requested: number
    readonly revoked: number
    readonly alreadyRevoked: number
    readonly alreadyExpired: number
    readonly notFound: number
    readonly sessionsRevoked: number
    readonly refreshTokensRevoked: number
    readonly accessTokensBlocked: number
  }
  readonly items: readonly {
    readonly grantId: string
    readonly organization: string | null
    readonly granteeUserId: string | null
    readonly granteeEmail: string | null
    readonly outcome: 'revoked' | 'alreadyRevoked' | 'alreadyExpired' | 'notFound'
    /** Every session that was opened under it. */
    readonly sessions: readonly string[]
    readonly sessionsRevoked: number
    /** The person's live grants there that go on. */
    readonly otherGrants: readonly { readonly id: string; readonly expiresAt: string }[]
  }[]
}

/** @see functions/grants/revoke_grants.sql */
export const revokeGrants = (
  db: Queryable,
  ids: readonly string[],
  act: Act,
): Promise<GrantRevocation | Refusal> =>
  callValue(db, 'revoke_grants', {
    p_grants: ids,
    p_reason: act.reason,
    p_ticket: act.ticket,
    p_request_id: act.requestId,
  })

/** Ends the holders' connections; returns how many, null when it may not. @see functions/grants/terminate_grantees.sql */
export const terminateGrantees = (db: Queryable, ids: readonly string[]): Promise<number | null> =>
  callValue(db, 'terminate_grantees', { p_grants: ids })
