import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { hasEnded, Refused, stateOf } from './answers.ts'
import type { Blocklist } from './blocklist.ts'
import { type Access, hashOf, newRefreshToken, type Signatures } from './tokens.ts'

export interface Device {
  readonly type: string
  readonly name: string
  readonly userAgent: string | null
  readonly ip: string | null
}

/** What a phone keeps: one token to ask with, one to get the next pair with. */
export interface TokenPair {
  readonly accessToken: string
  readonly refreshToken: string
}

/** Somebody whom the platform knows: what a protected route may rely on. */
export interface Caller {
  readonly user: string
  readonly session: string
  readonly organization: string
}

export interface Authentication {
  /** `grant`: a support login into another organization. @throws Refused login_refused. */
  logInMobile(user: string, device: Device, grant: string | null): Promise<TokenPair>
  /** The value of the cookie. @throws Refused login_refused. */
  logInPortal(user: string, device: Device, grant: string | null): Promise<string>
  /** @throws Refused session_revoked, invalid_token. */
  refresh(refreshToken: string): Promise<TokenPair>
  /** @throws Refused token_expired, session_revoked, invalid_token. */
  byAccessToken(token: string): Promise<Caller>
  /** @throws Refused session_revoked, invalid_token. */
  byCookie(cookie: string): Promise<Caller>
  logOut(session: string): Promise<void>
}

export interface AuthenticationOptions {
  readonly db: pg.Pool
  readonly signatures: Signatures
  readonly blocklist: Blocklist
  /** Of an access token; the database refuses more than 15 minutes. */
  readonly accessTokenSeconds: number
}

/** Activity is written down this often, or every request would be a write. Idle timeouts are longer. */
const activityMs = 60_000
/** Phones stay signed in for so long, unless the organization's policy says sooner. */
const lifetimes = { mobile: '120 days', portal: '12 hours' } as const
const attempts = 5

/**
 * Logins, rotation and the checks of every request. The rules of ending are the database's: its guards refuse
 * whatever a revocation overtook, so that nothing here looks first and writes later.
 */
export const createAuthentication = (options: AuthenticationOptions): Authentication => {
  const { db, signatures, blocklist, accessTokenSeconds } = options
  const activity = new Map<string, number>()

  /**
   * Deadlocks are for the one who lost to repeat (40P01), and a deadline that a new policy brought forward between
   * asking and writing is asked for again (MC422).
   */
  const transaction = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await db.connect()
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await client.query('begin isolation level read committed')
          const result = await work(client)
          await client.query('commit')
          return result
        } catch (error) {
          await client.query('rollback').catch(() => {})
          if (attempt === attempts || !['40P01', 'MC422'].includes(stateOf(error) ?? '')) throw error
        }
      }
    } finally {
      client.release()
    }
  }

  const newSession = async (
    client: pg.PoolClient,
    kind: 'mobile' | 'portal',
    user: string,
    device: Device,
    grant: string | null,
  ): Promise<string> => {
    const id = randomUUID()
    try {
      // Which organization: the grant's, the person's own, or for staff the platform itself.
      const { rowCount } = await client.query(
        `insert into meander.sessions (id, user_id, organization_id, kind, device_type, device_name, user_agent, ip,
           expires_at, support_access_grant_id)
         select $1, u.id, coalesce(g.organization_id, u.organization_id, '00000000-0000-0000-0000-000000000000'),
           $2, $3, $4, $5, $6, clock_timestamp() + $7::interval, g.id
         from meander.users u
         left join meander.support_access_grants g on g.id = $8
         where u.id = $9 and g.id is not distinct from $8`,
        [id, kind, device.type, device.name, device.userAgent, device.ip, lifetimes[kind], grant, user],
      )
      if (rowCount === 1) return id
    } catch (error) {
      // Deactivated or a grant that has ended; one of somebody else; what is no id at all.
      if (hasEnded(error) || ['23503', '22P02'].includes(stateOf(error) ?? ''))
        throw new Refused('login_refused', error)
      throw error
    }
    throw new Refused('login_refused')
  }

  /** The next pair of a session. Nothing is signed that the database did not take. */
  const issue = async (client: pg.PoolClient, session: string, parent: string | null) => {
    // Asked before it is signed: a token that outlives its session is refused, and a signed one cannot be shortened.
    const { rows } = await client.query<{ expires: Date; user_id: string; organization_id: string }>(
      `select least(deadline, clock_timestamp() + $2 * interval '1 second') as expires, s.user_id, s.organization_id
       from meander.sessions s, meander.access_token_deadline(s.id) as deadline
       where s.id = $1 and deadline is not null`,
      [session, accessTokenSeconds],
    )
    const [row] = rows
    if (!row) throw new Refused('session_revoked')
    const { user_id: user, organization_id: organization } = row
    // Whole seconds, as a JWT counts them, and never a part of one too long.
    const access: Access = {
      jti: randomUUID(),
      session,
      user,
      organization,
      expires: new Date(Math.floor(row.expires.getTime() / 1000) * 1000),
    }
    const refreshToken = newRefreshToken()
    await client.query(
      `insert into meander.refresh_tokens (session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at)
       values ($1, $2, $3, $4, $5, $6)`,
      [session, organization, parent, hashOf(refreshToken), access.jti, access.expires],
    )
    return { access, refreshToken }
  }

  const signed = async ({ access, refreshToken }: Awaited<ReturnType<typeof issue>>): Promise<TokenPair> => ({
    accessToken: await signatures.accessToken(access),
    refreshToken,
  })

  /** Ends the session whole and on the record, and tells Redis. */
  const end = async (session: string, cause: 'logout' | 'token_reuse'): Promise<void> => {
    await transaction((client) => client.query('select meander.end_session($1, $2)', [session, cause]))
    await blocklist.publish()
  }

  /** What a refresh token is that does not rotate: ours once, or never. Once spent, its return ends the session. */
  const refuseSpent = async (refreshToken: string): Promise<Refused> => {
    const { rows } = await db.query<{ session_id: string; ended: boolean }>(
      `select t.session_id, s.revoked_at is not null as ended
       from meander.refresh_tokens t join meander.sessions s on s.id = t.session_id
       where t.token_hash = $1`,
      [hashOf(refreshToken)],
    )
    const [row] = rows
    if (!row) return new Refused('invalid_token')
    // Two hold it, and nobody can tell which of them is the thief.
    if (!row.ended) await end(row.session_id, 'token_reuse')
    return new Refused('session_revoked')
  }

  const touch = async (session: string): Promise<void> => {
    const now = Date.now()
    if (now - (activity.get(session) ?? 0) < activityMs) return
    if (activity.size > 100_000) activity.clear()
    activity.set(session, now)
    await db.query('update meander.sessions set last_activity_at = clock_timestamp() where id = $1', [
      session,
    ])
  }

  return {
    logInMobile: async (user, device, grant) =>
      signed(
        await transaction(async (client) =>
          issue(client, await newSession(client, 'mobile', user, device, grant), null),
        ),
      ),
    logInPortal: async (user, device, grant) =>
      signatures.cookie(await transaction((client) => newSession(client, 'portal', user, device, grant))),

    refresh: async (refreshToken) => {
      const pair = await transaction(async (client) => {
        // The token first, then its session: the order in which a revocation takes them.
        const { rows } = await client.query<{ id: string; session_id: string }>(
          `update meander.refresh_tokens set rotated_at = clock_timestamp()
           where token_hash = $1 and rotated_at is null and revoked_at is null
           returning id, session_id`,
          [hashOf(refreshToken)],
        )
        const [spent] = rows
        if (!spent) return null
        await client.query('update meander.sessions set last_activity_at = clock_timestamp() where id = $1', [
          spent.session_id,
        ])
        return issue(client, spent.session_id, spent.id)
      })
      if (pair === null) throw await refuseSpent(refreshToken)
      return signed(pair)
    },

    byAccessToken: async (token) => {
      const { jti, session, user, organization } = await signatures.readAccessToken(token)
      if (await blocklist.blocks(jti)) throw new Refused('session_revoked')
      await touch(session)
      return { user, session, organization }
    },
    byCookie: async (cookie) => {
      const session = await signatures.readCookie(cookie)
      // The record decides at every request, by the one rule: no deadline, no session.
      const { rows } = await db.query<{ user: string; organization: string; active: boolean }>(
        `select user_id as user, organization_id as organization, meander.access_token_deadline(id) is not null as active
         from meander.sessions where id = $1`,
        [session],
      )
      const [row] = rows
      if (!row?.active) throw new Refused('session_revoked')
      await touch(session)
      return { user: row.user, session, organization: row.organization }
    },
    logOut: (session) => end(session, 'logout'),
  }
}
