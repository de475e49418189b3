import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Client } from 'pg'
import type { DatabaseHost, ServerSettings } from '../config/database-settings.ts'
import { MeanderError } from '../errors.ts'
import { asConnectFailure, isUnreachable } from './connect-failures.ts'
import { arrayElements, parsers } from './types.ts'

export interface ReachOptions {
  /** Asks the person at the terminal; left out where nobody can be asked. */
  readonly askPassword?: ((message: string) => Promise<string>) | undefined
  /** Longest time of one statement, in milliseconds. */
  readonly timeoutMs?: number | null | undefined
}

/** A connection that was checked: the right login, encrypted as demanded, no pooler that would mix sessions. */
export interface Reached {
  readonly client: Client
  readonly host: DatabaseHost
  readonly label: string
  /** Of the server's process. */
  readonly pid: number
  /** TLS protocol and cipher. */
  readonly tls: string | null
}

/** Another login of the same process, without a further question to the person. */
export type Reach = () => Promise<Reached>

/** The way to the server: every call logs in anew, at the first host that answers and is as demanded. */
export const reacher = (settings: ServerSettings, options: ReachOptions): Reach => {
  let asked: string | null = null

  const login = async (host: DatabaseHost): Promise<Client> => {
    const known = settings.password.kind === 'command' ? await passwordAt(host) : null
    try {
      return await open(
        settings,
        host,
        async () => known ?? (await passwordAt(host)) ?? asked ?? noPassword(),
      )
    } catch (error) {
      if (error !== passwordMissing) throw asConnectFailureAt(error, settings, host)
      if (options.askPassword && asked === null) {
        // As psql does: the server is not kept waiting while a person types.
        asked = await options.askPassword(`Password of ${settings.user} at ${labelOf(settings, host)}:`)
        return login(host)
      }
      const message = `${labelOf(settings, host)} asks for the password of ${settings.user}, and there is none`
      throw new MeanderError('UNAUTHENTICATED', message, {
        hint: 'Set PGPASSWORD, PGPASSFILE, or passwordCommand in a profile',
      })
    }
  }
  const passwordAt = (host: DatabaseHost) =>
    settings.password.get({
      host: host.host,
      port: host.port,
      user: settings.user,
      database: settings.database,
    })

  return async () => {
    const failures: MeanderError[] = []
    for (const wanted of passes[settings.targetSessionAttrs]) {
      for (const host of settings.hosts) {
        const label = labelOf(settings, host)
        let client: Client
        try {
          client = await login(host)
        } catch (error) {
          if (!(error instanceof MeanderError) || !isUnreachable(error.cause)) throw error
          failures.push(error)
          continue
        }
        try {
          const session = await check(client, settings, host, options)
          if (keyOf(client).processID !== session.pid)
            await refuseSharedSessions(client, session.pid, () => login(host))
          if (fits(session, wanted)) return { client, host, label, pid: session.pid, tls: session.tls }
          failures.push(
            new MeanderError('FAILED', `${label} is not ${wanted}`, {
              hint: 'PGTARGETSESSIONATTRS asks for it',
            }),
          )
          await client.end()
        } catch (error) {
          client.end().catch(() => {})
          throw asConnectFailureAt(error, settings, host)
        }
      }
    }
    const [first] = failures
    if (first && failures.length === 1) throw first
    throw new MeanderError(
      'FAILED',
      `None of the hosts can be used: ${failures.map(({ message }) => message).join('; ')}`,
      { hint: first?.hint, details: failures.map(({ message }) => message) },
    )
  }
}

const passes = {
  any: ['any'],
  'read-write': ['read-write'],
  'read-only': ['read-only'],
  primary: ['primary'],
  standby: ['standby'],
  'prefer-standby': ['standby', 'any'],
} as const

const labelOf = (settings: ServerSettings, { host, port }: DatabaseHost): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}/${settings.database}`

const asConnectFailureAt = (error: unknown, settings: ServerSettings, host: DatabaseHost): MeanderError =>
  asConnectFailure(error, {
    label: labelOf(settings, host),
    host: host.host,
    user: settings.user,
    database: settings.database,
    encrypted: host.tls !== 'disable',
    timeoutMs: settings.connectTimeoutMs,
  })

const passwordMissing = new Error('password needed')
const noPassword = (): never => {
  throw passwordMissing
}

/** Everything is said to the driver outright: what it is not told, it reads from the environment. */
const open = async (
  settings: ServerSettings,
  host: DatabaseHost,
  password: () => Promise<string>,
): Promise<Client> => {
  const pg = await import('pg')
  const client = new pg.Client({
    host: host.address ?? host.host,
    port: host.port,
    user: settings.user,
    database: settings.database,
    password,
    ssl: tlsOptions(host, settings),
    sslnegotiation: 'postgres',
    enableChannelBinding: true,
    // Every login can read it, so it is the same for everybody.
    application_name: 'meanderctl',
    connectionTimeoutMillis: settings.connectTimeoutMs ?? 0,
    keepAlive: true,
    types: { getTypeParser: typeParser(pg.types) as typeof pg.types.getTypeParser },
  })
  // PGOPTIONS and PGREPLICATION have no place in the configuration where they could be switched off.
  Object.assign((client as unknown as { connectionParameters: object }).connectionParameters, {
    options: undefined,
    replication: undefined,
  })
  // A connection that breaks while nobody uses it is found by the next statement.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    client.connection.stream.destroy()
    throw error
  }
  return client
}

/** What the server gave to cancel by; the driver's types leave it out. */
export const keyOf = (client: Client) => client as unknown as { processID: number; secretKey: number }

/** TLS as the settings demand it; false is plaintext. */
export const tlsOptions = (
  { host, tls }: DatabaseHost,
  { tlsFiles }: ServerSettings,
): ConnectionOptions | false => {
  if (tls === 'disable') return false
  return {
    ...tlsFiles,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: 'TLSv1.2',
    // An authority that was given is used, as by libpq: `require` is then as good as verify-ca.
    rejectUnauthorized: tls !== 'require' || tlsFiles.ca !== undefined,
    ...(tls === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  }
}

type ParseArray = { create(text: string, element: (text: string) => unknown): { parse(): unknown[] } }

const typeParser = (types: typeof import('pg').types) => (oid: number, format?: 'text') => {
  const parse = parsers[oid]
  if (parse) return parse
  const element = parsers[arrayElements[oid] ?? 0]
  if (element)
    return (text: string) => (types.arrayParser as unknown as ParseArray).create(text, element).parse()
  return types.getTypeParser(oid, format)
}

interface Session {
  readonly login: string
  readonly pid: number
  readonly version: number
  readonly standby: boolean
  readonly readOnly: boolean
  readonly tls: string | null
}

/**
 * One round trip that sets up the session and looks at it. The settings are no start-up parameters, because
 * poolers refuse most of those. Read committed is set for single statements: the database's default may differ.
 */
const checkSession = `
  select session_user::text as login, pg_backend_pid() as pid, pg_is_in_recovery() as standby,
    current_setting('server_version_num')::int as version,
    current_setting('transaction_read_only')::bool as "readOnly",
    case when s.ssl then s.version || ' ' || s.cipher end as tls,
    set_config('timezone', 'UTC', false), set_config('datestyle', 'ISO', false),
    set_config('client_encoding', 'UTF8', false), set_config('intervalstyle', 'postgres', false),
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('lock_timeout', '10s', false), set_config('idle_in_transaction_session_timeout', '60s', false),
    case when $1::int > 0 then set_config('statement_timeout', $1::int::text, false) end
  from (values (1)) as one (row) left join pg_catalog.pg_stat_ssl s on s.pid = pg_backend_pid()`

const check = async (
  client: Client,
  settings: ServerSettings,
  host: DatabaseHost,
  options: ReachOptions,
): Promise<Session> => {
  const timeout = Math.min(Math.ceil(options.timeoutMs ?? 0), 2_147_483_647)
  const { rows } = await client.query<Session & Record<string, unknown>>(checkSession, [timeout])
  const [session] = rows
  const label = labelOf(settings, host)
  const refuse = (message: string, hint?: string): never => {
    throw new MeanderError('FAILED', message, { hint })
  }
  if (!session) return refuse(`${label} did not say who is logged in`)
  if (session.version < 150_000)
    refuse(`${label} is PostgreSQL ${Math.floor(session.version / 10_000)}; 15 or newer is needed`)
  if (session.login !== settings.user) {
    refuse(
      `${label} logged in ${session.login} instead of ${settings.user}: a pooler shares one login among many`,
      'Connect to PostgreSQL itself',
    )
  }
  if (host.tls !== 'disable' && session.tls === null) {
    refuse(
      `The connection to ${label} is encrypted only up to something in between`,
      'Connect to PostgreSQL itself',
    )
  }
  return session
}

const fits = (session: Session, wanted: (typeof passes)[keyof typeof passes][number]): boolean => {
  if (wanted === 'any') return true
  if (wanted === 'primary') return !session.standby
  if (wanted === 'standby') return session.standby
  return session.readOnly === (wanted === 'read-only')
}

/**
 * Something stands in between, for the key that it gave is not the server's. It may hand one session to one
 * client after the other; then a second login is given the session of the first, or the first another.
 */
const refuseSharedSessions = async (
  client: Client,
  pid: number,
  login: () => Promise<Client>,
): Promise<void> => {
  const pidOf = async (one: Client) =>
    (await one.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid
  const other = await login()
  try {
    await other.query('begin')
    const [theirs, ours] = [await pidOf(other), await pidOf(client)]
    if (theirs !== pid && ours === pid) return
  } finally {
    other.end().catch(() => {})
  }
  throw new MeanderError(
    'FAILED',
    'A pooler in between shares sessions among its clients: locks, time limits and interrupts would meet the wrong one',
    { hint: 'Connect to PostgreSQL itself, or set pool_mode = session' },
  )
}
