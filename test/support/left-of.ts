import type { PostgresServer } from './postgres.ts'

/** What the database itself says is left of a session; nothing is left of one that really ended. */
export interface Left {
  readonly by: string | null
  readonly why: string | null
  /** Refresh tokens that still rotate. */
  readonly live: number
  /** Unexpired access tokens that nothing blocks. */
  readonly open: number
}

export const leftOf = async (
  server: PostgresServer,
  database: string,
  id: string,
): Promise<Left | undefined> => {
  const [row] = await server.query<Left>(
    `select s.revoked_by as by, s.revoke_reason as why,
       (select count(*)::int from meander.refresh_tokens t
        where t.session_id = s.id and t.rotated_at is null and t.revoked_at is null) as live,
       (select count(*)::int from meander.refresh_tokens t
        where t.session_id = s.id and t.access_expires_at > now()
          and not exists (select from meander.token_blocklist b where b.jti = t.access_jti)) as open
     from meander.sessions s where s.id = $1`,
    [id],
    database,
  )
  return row
}

/** A session that `by` ended. */
export const ended = (why: string, by = 'kari'): Left => ({ by, why, live: 0, open: 0 })

/** An active session with a chain of this length. */
export const untouched = (chain = 1): Left => ({ by: null, why: null, live: 1, open: chain })
