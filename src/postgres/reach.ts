import type { Client } from 'pg'
import type { DatabaseHost, ServerSettings, SessionAttributes } from '../config/database-settings.ts'
import { MeanderError } from '../errors.ts'
import { asConnectFailure, isUnreachable } from './connect-failures.ts'
import { answered, keyOf, open } from './driver.ts'
import { check, fits, refuseSharedSessions, type Session } from './session.ts'

export interface ReachOptions {
  /** Asks the person at the terminal; left out where nobody can be asked. */
  readonly askPassword?: ((message: string) => Promise<string>) | undefined
  /** Longest time of one statement, in milliseconds. */
  readonly timeoutMs?: number | null | undefined
  /** A server that says nothing for so long, in milliseconds, is taken for lost. Longer than any statement may take. */
  readonly silenceMs?: number | undefined
  /** The server refuses whatever would change something. */
  readonly readOnly?: boolean | undefined
  /** Called when a server begins to be waited for: time for work that needs none. */
  readonly waiting?: (() => void) | undefined
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
  /** Whether it broke, or was closed. */
  readonly ended: () => boolean
}

/** Another login of the same process, without a further question to the person; at a `primary` where that is asked for. */
export type Reach = (wanted?: 'primary') => Promise<Reached>

/** The way to the server: every call logs in anew, at the first host that answers and is as demanded. */
export const reacher = (settings: ServerSettings, options: ReachOptions): Reach => {
  let asked: string | null = null

  const login = async (host: DatabaseHost): Promise<Client> => {
    const known = settings.password.kind === 'command' ? await passwordAt(host) : null
    try {
      return await open(settings, host, {
        password: async () => known ?? (await passwordAt(host)) ?? asked ?? noPassword(),
        waiting: options.waiting,
      })
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

  const checked = async (client: Client, host: DatabaseHost): Promise<Session> => {
    try {
      const demands = {
        label: labelOf(settings, host),
        user: settings.user,
        encrypted: host.tls !== 'disable',
        timeoutMs: options.timeoutMs,
        readOnly: options.readOnly ?? false,
      }
      // Logging in is over only now: a server that hangs here must not keep us from the next.
      const session = await answered(client, settings.connectTimeoutMs, () => check(client, demands))
      if (keyOf(client).processID !== session.pid) {
        await refuseSharedSessions(client, session.pid, () => login(host), settings.connectTimeoutMs)
      }
      return session
    } catch (error) {
      client.end().catch(() => {})
      throw asConnectFailureAt(error, settings, host)
    }
  }

  /** This host, or why it cannot be used. */
  const tried = async (host: DatabaseHost, wanted: Wanted): Promise<Reached | MeanderError> => {
    const label = labelOf(settings, host)
    try {
      const client = await login(host)
      let ended = false
      client.once('end', () => {
        ended = true
      })
      const session = await checked(client, host)
      const { pid, tls } = session
      if (fits(session, wanted)) return { client, host, label, pid, tls, ended: () => ended }
      await client.end()
      return new MeanderError(
        'FAILED',
        `${label} is ${session.standby ? 'a standby' : 'no standby'}, not ${wanted}`,
        {
          hint: `PGTARGETSESSIONATTRS asks for ${settings.targetSessionAttrs}`,
        },
      )
    } catch (error) {
      if (error instanceof MeanderError && isUnreachable(error.cause)) return error
      throw error
    }
  }

  return async (demanded) => {
    let failures: MeanderError[] = []
    for (const wanted of demanded ? [demanded] : passesOf(settings)) {
      failures = []
      for (const host of settings.hosts) {
        const found = await tried(host, wanted)
        if (!(found instanceof MeanderError)) return found
        failures.push(found)
      }
    }
    const [first] = failures
    if (first && failures.length === 1) throw first
    throw new MeanderError(
      'FAILED',
      `None of the ${failures.length} hosts can be used: ${failures.map(({ message }) => message).join('; ')}`,
      { hint: first?.hint },
    )
  }
}

type Wanted = Exclude<SessionAttributes, 'prefer-standby'>

const passesOf = ({ targetSessionAttrs }: ServerSettings): readonly Wanted[] =>
  targetSessionAttrs === 'prefer-standby' ? ['standby', 'any'] : [targetSessionAttrs]

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
