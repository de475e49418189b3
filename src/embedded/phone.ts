import { createHash, randomUUID } from 'node:crypto'
import { MeanderError } from '../errors.ts'
import type { Database, Queryable } from '../postgres/database.ts'
import { iphone } from './people.ts'

/** The one who lost a phone; the demo is about ending its session. */
export const lostPhoneOwner = { name: 'Ingrid Solberg', email: 'ingrid.solberg@hlf.example' } as const

/** What the phone hears from the platform. */
export interface Answer {
  readonly accepted: boolean
  /** In the platform's words. */
  readonly message: string
}

/** The lost phone, as it goes on talking to the platform in somebody else's pocket. */
export interface Phone {
  readonly sessionId: string
  /** Shows its refresh token to the Authentication Module, for a new one and a new access token. */
  refresh(): Promise<Answer>
  /** Shows its access token to the API, which looks for it on the blocklist. */
  callApi(): Promise<Answer>
}

/** Invented, like the phone: its secret follows from the token's id, so that it lives through a restart of the demo. */
const secretOf = (token: string): string => `refresh token ${token} of a phone that does not exist`

/** How the database keeps a token's secret, as text of a bytea. */
export const hashOf = (token: string): string =>
  `\\x${createHash('sha256').update(secretOf(token)).digest('hex')}`

interface Token {
  readonly id: string
  readonly session: string
  readonly jti: string
  readonly expires: string
}

/** A new pair of tokens for the session, as the Authentication Module makes them. */
const issue = async (tx: Queryable, session: string, parent: string | null): Promise<Token> => {
  const token = randomUUID()
  const [issued] = await tx.query<Token>(
    `insert into meander.refresh_tokens (id, session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at)
     select $1, s.id, s.organization_id, $3, $4, $5, meander.access_token_deadline(s.id)
     from meander.sessions s where s.id = $2
     returning id, session_id as session, access_jti as jti, access_expires_at as expires`,
    [token, session, parent, hashOf(token), randomUUID()],
  )
  if (!issued) throw new Error(`There is no session ${session}`)
  return issued
}

const signIn = (auth: Database): Promise<Token> =>
  auth.transaction(async (tx) => {
    const session = randomUUID()
    const { kind, type, name, agent } = iphone
    await tx.query(
      `insert into meander.sessions (id, user_id, organization_id, kind, device_type, device_name, user_agent, ip, expires_at)
       select $1, u.id, u.organization_id, $2, $3, $4, $5, '198.51.100.23', clock_timestamp() + interval '120 days'
       from meander.users u where u.email = $6`,
      [session, kind, type, name, agent, lostPhoneOwner.email],
    )
    return issue(tx, session, null)
  })

/**
 * The phone of `lostPhoneOwner`, signed in anew if its session was ended in an earlier demo.
 * `auth` is the Authentication Module's login.
 */
export const findPhone = async (auth: Database): Promise<Phone> => {
  const [live] = await auth.query<Token>(
    `select t.id, t.session_id as session, t.access_jti as jti, t.access_expires_at as expires
     from meander.refresh_tokens t
     join meander.sessions s on s.id = t.session_id
     join meander.users u on u.id = s.user_id
     where u.email = $1 and s.device_name = $2 and t.rotated_at is null and t.revoked_at is null
       and meander.access_token_deadline(s.id) is not null
     order by s.created_at limit 1`,
    [lostPhoneOwner.email, iphone.name],
  )
  let token = live ?? (await signIn(auth))

  return {
    sessionId: token.session,
    refresh: async () => {
      try {
        token = await auth.transaction(async (tx) => {
          // Whether the token is still good is not asked here: the guards of the tables refuse.
          const [spent] = await tx.query<{ id: string }>(
            'update meander.refresh_tokens set rotated_at = clock_timestamp() where token_hash = $1 returning id',
            [hashOf(token.id)],
          )
          await tx.query('update meander.sessions set last_activity_at = clock_timestamp() where id = $1', [
            token.session,
          ])
          return issue(tx, token.session, spent?.id ?? null)
        })
        return { accepted: true, message: `new tokens, good until ${token.expires}` }
      } catch (error) {
        if (!(error instanceof MeanderError) || error.code !== 'REFUSED') throw error
        return { accepted: false, message: error.message }
      }
    },
    callApi: async () => {
      const [checked] = await auth.query<{ blocked: boolean; expired: boolean }>(
        `select exists (select from meander.token_blocklist b where b.jti = $1) as blocked,
           $2::timestamptz <= clock_timestamp() as expired`,
        [token.jti, token.expires],
      )
      if (checked?.blocked) return { accepted: false, message: 'the access token is on the blocklist' }
      if (checked?.expired) return { accepted: false, message: 'the access token has expired' }
      return { accepted: true, message: 'the access token is good' }
    },
  }
}
