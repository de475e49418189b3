import type { Client } from 'pg'
import type { SessionAttributes } from '../config/database-settings.ts'
import { MeanderError } from '../errors.ts'
import { answered } from './driver.ts'
import { sqlState } from './failures.ts'

/** What the server says of the session. */
export interface Session {
  readonly login: string
  readonly pid: number
  readonly version: number
  /** Of the database. */
  readonly encoding: string
  readonly standby: boolean
  readonly readOnly: boolean
  readonly tls: string | null
}

/**
 * One round trip that sets up the session and looks at it. The settings are no start-up parameters, because
 * poolers refuse most of those. Read committed is set for single statements: the database's default may differ. What
 * was answered is on disk, and with the standby where there is a synchronous one, however lightly others may commit.
 */
const checkSession = `
  select session_user::text as login, pg_backend_pid() as pid, pg_is_in_recovery() as standby,
    current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
    current_setting('transaction_read_only')::bool as "readOnly",
    case when s.ssl then s.version || ' ' || s.cipher end as tls,
    set_config('timezone', 'UTC', false), set_config('datestyle', 'ISO', false),
    set_config('client_encoding', 'UTF8', false), set_config('intervalstyle', 'postgres', false),
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('lock_timeout', '10s', false), set_config('idle_in_transaction_session_timeout', '60s', false),
    case when $2::bool then set_config('default_transaction_read_only', 'on', false) end,
    case when $1::int > 0 then set_config('statement_timeout', $1::int::text, false) end,
    case when current_setting('synchronous_commit') in ('off', 'local') then set_config('synchronous_commit', 'on', false) end
  from (values (1)) as one (row) left join pg_catalog.pg_stat_ssl s on s.pid = pg_backend_pid()`

/** What a session must be before anything else is sent over it. */
interface Demands {
  readonly label: string
  readonly user: string
  readonly encrypted: boolean
  /** Of one statement, in milliseconds. */
  readonly timeoutMs: number | null | undefined
  /** Whether the server is to refuse whatever would change something. */
  readonly readOnly: boolean
}

/** Sets the session up. @throws MeanderError FAILED when it is not as demanded. */
export const check = async (client: Client, demands: Demands): Promise<Session> => {
  const { label, user, encrypted, timeoutMs, readOnly } = demands
  const timeout = Math.min(Math.ceil(timeoutMs ?? 0), 2_147_483_647)
  const { rows } = await client.query<Session & Record<string, unknown>>(checkSession, [timeout, readOnly])
  const [session] = rows
  const refuse = (message: string, hint?: string): never => {
    throw new MeanderError('FAILED', message, { hint })
  }
  if (!session) return refuse(`${label} did not say who is logged in`)
  if (session.version < 150_000)
    refuse(`${label} is PostgreSQL ${Math.floor(session.version / 10_000)}; 15 or newer is needed`)
  // Any other has bytes or characters that do not come through, and the record's hashes are of UTF-8.
  if (session.encoding !== 'UTF8') {
    refuse(
      `The database at ${label} is encoded in ${session.encoding}; UTF8 is needed`,
      "Make one with create database … template template0 encoding 'UTF8'",
    )
  }
  if (session.login !== user) {
    refuse(
      `${label} logged in ${session.login} instead of ${user}: a pooler shares one login among many`,
      'Connect to PostgreSQL itself',
    )
  }
  if (encrypted && session.tls === null) {
    refuse(
      `The connection to ${label} is encrypted only up to something in between`,
      'Connect to PostgreSQL itself',
    )
  }
  return session
}

/** Whether this server is of the kind that PGTARGETSESSIONATTRS asks for. */
export const fits = (session: Session, wanted: Exclude<SessionAttributes, 'prefer-standby'>): boolean => {
  if (wanted === 'any') return true
  if (wanted === 'primary') return !session.standby
  if (wanted === 'standby') return session.standby
  return session.readOnly === (wanted === 'read-only')
}

/**
 * Something stands in between, for the key that it gave is not the server's. It may hand one session to one
 * client after the other; then a second login is given the session of the first, or the first another.
 */
export const refuseSharedSessions = async (
  client: Client,
  pid: number,
  login: () => Promise<Client>,
  patienceMs: number | null,
): Promise<void> => {
  const pidOf = async (one: Client) =>
    (await one.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid
  const other = await login()
  try {
    await answered(other, patienceMs, () => other.query('begin'))
    const [theirs, ours] = [await pidOf(other), await pidOf(client)]
    if (theirs !== pid && ours === pid) return
  } catch (error) {
    // One that takes turns statement by statement refuses to begin.
    if (sqlState(error) === null) {
      const message = `A pooler in between gives no second session: ${(error as Error).message}`
      throw new MeanderError('FAILED', message, {
        hint: 'Connect to PostgreSQL itself, or give each login two sessions at least (default_pool_size)',
        cause: error,
      })
    }
  } finally {
    other.end().catch(() => {})
  }
  throw new MeanderError(
    'FAILED',
    'A pooler in between shares sessions among its clients: locks, time limits and interrupts would meet the wrong one',
    { hint: 'Connect to PostgreSQL itself, or set pool_mode = session' },
  )
}
