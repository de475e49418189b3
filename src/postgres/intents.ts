import { callRows } from './call.ts'
import type { Queryable } from './database.ts'

/** The call that a global admin is about to make, as the organization will read it. */
export interface Intent {
  readonly function: string
  readonly arguments: object
  /** Slug or id; null is every organization with a live grant. */
  readonly organization: string | null
  readonly reason: string
  readonly ticket: string | null
}

/** @see functions/reach/record_intent.sql */
export const recordIntent = (
  db: Queryable,
  intent: Intent,
): Promise<{ organizationId: string; organization: string }[]> =>
  callRows(db, 'record_intent', {
    p_organization: intent.organization,
    p_function: intent.function,
    p_arguments: intent.arguments,
    p_reason: intent.reason,
    p_ticket: intent.ticket,
  })
