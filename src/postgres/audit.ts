import { callRows } from './call.ts'
import type { Queryable } from './database.ts'

/** An audit event as the contract shows it; hashes in hex. */
export interface AuditEvent {
  readonly organization: string
  readonly seq: number
  readonly at: string
  readonly actor: string
  readonly actorUserId: string | null
  readonly action: string
  readonly targetType: string
  readonly targetId: string
  readonly reason: string | null
  readonly ticket: string | null
  readonly requestId: string | null
  readonly details: Readonly<Record<string, unknown>>
  readonly prevHash: string
  readonly hash: string
}

/** Which events are meant; `since` and `until` as in SessionSelector. */
export interface AuditSelector {
  readonly organization?: string
  readonly since?: string
  readonly until?: string
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly ticket?: string
}

export interface AuditPosition {
  /** Microseconds since 1970. */
  readonly at: string
  readonly organizationId: string
  readonly seq: number
}

/** @see functions/audit/list_audit_events.sql */
export const listAuditEvents = (
  db: Queryable,
  page: { selector: AuditSelector; after: AuditPosition | null; limit: number },
): Promise<(AuditEvent & { organizationId: string })[]> =>
  callRows(db, 'list_audit_events', {
    p_selector: page.selector,
    p_after_at: page.after?.at ?? null,
    p_after_organization: page.after?.organizationId ?? null,
    p_after_seq: page.after?.seq ?? null,
    p_limit: page.limit,
  })
