import { callValue } from './call.ts'
import type { Queryable } from './database.ts'
import type { Scope, Session, SessionSelector } from './sessions.ts'

/** What became of a session, with the session as it is now. */
export interface SessionChange extends Session {
  readonly event: 'login' | 'refresh' | 'revoked' | 'expired'
  /** The same whenever this event is read. */
  readonly key: string
  readonly at: string
  readonly refreshTokenId: string | null
}

export interface ChangePage {
  /** The database's clock before anything of this page was read. */
  readonly at: string
  /** What this page is about: a minute at most. */
  readonly from: string
  readonly until: string
  /** The transactions that had begun to write at `at` and may bring events of earlier moments yet. */
  readonly running: readonly string[]
  /** Slugs of where this was looked for. */
  readonly organizations: readonly string[]
  readonly events: readonly SessionChange[]
}

export interface ChangePosition {
  /** Microseconds since 1970. */
  readonly at: string
  readonly key: string
}

/** @see functions/sessions/list_session_changes.sql, list_own_session_changes.sql */
export const listSessionChanges = (
  db: Queryable,
  scope: Scope,
  page: {
    readonly selector: SessionSelector
    /** Microseconds since 1970. */
    readonly since: string | null
    /** From when on to read once these transactions have ended, in microseconds since 1970. */
    readonly running: Readonly<Record<string, number>>
    readonly after: ChangePosition | null
    readonly limit: number
  },
): Promise<ChangePage> =>
  callValue(db, scope === 'own' ? 'list_own_session_changes' : 'list_session_changes', {
    p_selector: page.selector,
    p_since: page.since,
    p_running: page.running,
    p_after_at: page.after?.at ?? null,
    p_after_key: page.after?.key ?? null,
    p_limit: page.limit,
  })
