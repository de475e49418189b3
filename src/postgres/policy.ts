import { callRows, callValue, type Refusal } from './call.ts'
import type { Queryable } from './database.ts'

/** What ends sessions by itself, in the words of the options (`15m`); null is no limit. */
export interface Limits {
  readonly idleTimeout: string | null
  readonly absoluteLifetime: string | null
  readonly maxSupportAccess: string
}

export interface Policy extends Limits {
  readonly organizationId: string
  readonly organization: string
}

/** Limits to set, as ISO 8601 durations; null lifts one, what is left out stays. */
export interface PolicyChanges {
  readonly idleTimeout?: string | null
  readonly absoluteLifetime?: string | null
  readonly maxSupportAccess?: string | null
}

/** Sessions, and of how many users they are. */
export interface Cut {
  readonly sessions: number
  readonly users: number
}

export interface PolicyChange {
  readonly organizationId: string
  readonly organization: string
  readonly changed: boolean
  /** The asked-for idle timeout was too short to be told from activity, and a longer one is in force. */
  readonly idleTimeoutRaised: boolean
  readonly prior: Limits
  readonly policy: Limits
  readonly activeSessions: number
  readonly endNow: Cut
  /** Later than now, unless they are used. */
  readonly endWithinDay: Cut
}

/** @see functions/policy/get_policy.sql */
export const getPolicy = (db: Queryable, organization: string | null): Promise<Policy[]> =>
  callRows(db, 'get_policy', { p_organization: organization })

/** @see functions/policy/set_policy.sql */
export const setPolicy = (
  db: Queryable,
  act: {
    organization: string | null
    changes: PolicyChanges
    reason: string
    ticket: string | null
    requestId: string | null
  },
): Promise<PolicyChange | Refusal> =>
  callValue(db, 'set_policy', {
    p_organization: act.organization,
    p_changes: act.changes,
    p_reason: act.reason,
    p_ticket: act.ticket,
    p_request_id: act.requestId,
  })
