/** How an action on the record is described, and what the descriptions share. */

/** What an event is about; `targetId` is its id, a login for an operator. */
export type AuditTarget = 'session' | 'user' | 'grant' | 'plan' | 'organization' | 'operator' | 'database'

/** What a command may change: a table of the schema, or the blocklist's copy in Redis. */
export type Store =
  | 'organization_settings'
  | 'users'
  | 'sessions'
  | 'refresh_tokens'
  | 'support_access_grants'
  | 'token_blocklist'
  | 'operators'
  | 'plans'
  | 'intents'
  | 'requests'
  | 'installation'
  | 'audit_log'
  | 'redis'

/** One action, for whoever reads the record. */
export interface AuditAction {
  readonly action: string
  readonly target: AuditTarget
  /** What has happened, and on whose record it is. */
  readonly says: string
  /** The commands that write it; `(Authentication Module)` for the function that it calls. */
  readonly by: readonly string[]
  /** What changed in the same transaction, beside the record itself, and what follows from it outside. */
  readonly changes: readonly Store[]
  /** Every key of the details, and what it holds. Ids, prior states and counts: never a token, its hash or a password. */
  readonly details: Readonly<Record<string, string>>
  /** The details of one event. */
  readonly example: Readonly<Record<string, unknown>>
}

/** Ids and a moment for the examples. */
export const user = '11111111-0000-4000-8000-000000000002'
export const session = '0192f6b4-7e0a-4c55-9a61-0c8c1f1f7d3e'
export const moment = '2026-03-01T12:00:00.123456+00:00'

/** What ending a session changes. */
export const access: readonly Store[] = ['sessions', 'refresh_tokens', 'token_blocklist', 'redis']

/** What ending a session, or all of a user's, counts. */
export const ended = {
  refreshTokensRevoked: 'how many refresh tokens this ended',
  accessTokensBlocked: 'how many access tokens went on the blocklist with it',
}
/** What every refusal says. */
export const refused = {
  refused: 'MC403: the role may not. MC404: not within reach, unknown and foreign alike',
}

/** An act that was not done: on the own chain of whoever tried. */
export const refusal = (
  action: string,
  target: AuditTarget,
  what: string,
  by: readonly string[],
): AuditAction => ({
  action,
  target,
  says: `${what} was refused; on the record of the operator's own organization, and the target as it was named`,
  by,
  changes: [],
  details: refused,
  example: { refused: 'MC404' },
})
