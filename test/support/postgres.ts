import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Certificates, makeCertificates } from './certificates.ts'
import { endsWithUs } from './ends-with-us.ts'
import { freePort } from './free-port.ts'
import { findPostgres, type PostgresVersion, serverUser } from './postgres-binaries.ts'

/** What a test needs to reach the server of its run; plain data, so that it can be handed to a worker. */
export interface PostgresAddress {
  readonly host: string
  readonly port: number
  /** The folder of the unix socket. */
  readonly socket: string
}

/** A server that somebody started, as its superuser `postgres` sees it. */
export interface PostgresServer extends PostgresAddress {
  readonly superuser: 'postgres'
  url(user: string, database: string, password?: string): string
  /** One statement as the superuser, on a connection of its own. */
  query<R extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    database?: string,
  ): Promise<R[]>
  createDatabase(name: string, template?: string): Promise<string>
  /** A new database with everything that `template` has, under a name that nobody else uses. */
  cloneDatabase(template: string): Promise<string>
}

export interface PrivatePostgres extends PostgresServer {
  readonly version: string
  /** Where its data, its certificates and its log are. */
  readonly folder: string
  /** With `tls`: the authority, and a certificate that logs `postgres` in. */
  readonly certificates: Certificates | null
  /** Of the postmaster; another one after `restart`. */
  readonly pid: number
  log(): string
  /** SIGQUIT ends every process of the server at once, as a crash of the machine would. */
  kill(signal: 'SIGKILL' | 'SIGQUIT' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** As it is; or with these settings on top of what it was started with, and no others. */
  restart(settings?: Readonly<Record<string, string>>): Promise<void>
  stop(): Promise<void>
}

export interface PostgresOptions {
  /** `15` is Debian's, `embedded` the newest that the npm package ships; MEANDERCTL_TEST_POSTGRES decides when left out. */
  readonly version?: PostgresVersion
  /** Offers TLS, with a certificate of a private authority for `localhost` and 127.0.0.1, or with these. */
  readonly tls?: boolean | Pick<Certificates, 'serverCert' | 'serverKey' | 'ca'>
  /** Lines of pg_hba.conf instead of the usual: `postgres` is trusted, everybody else shows a password. */
  readonly hba?: readonly string[]
  /** Copies this server and follows it, read-only until `promote`; from then on it is one of its own. */
  readonly standbyOf?: Pick<PostgresAddress, 'host' | 'port'>
  readonly settings?: Readonly<Record<string, string>>
  /** Where its data stays when it ends, and is taken up again by the next one; else it goes with the server. */
  readonly keepIn?: string
}

const usualHba = [
  ...['postgres trust', 'all scram-sha-256'].flatMap((rule) => {
    const [user, method] = rule.split(' ')
    return [`local all ${user} ${method}`, `host all ${user} 127.0.0.1/32 ${method}`]
  }),
  'host replication postgres 127.0.0.1/32 trust',
]

/** The server at `address`, whoever started it. */
export const postgresAt = (address: PostgresAddress): PostgresServer => {
  const server: PostgresServer = {
    ...address,
    superuser: 'postgres',
    url: (user, database, password) => {
      const login = [user, ...(password === undefined ? [] : [password])].map(encodeURIComponent).join(':')
      return `postgresql://${login}@${address.host}:${address.port}/${encodeURIComponent(database)}`
    },
    query: async <R extends object>(text: string, values: readonly unknown[] = [], database = 'postgres') => {
      const client = new pg.Client({ ...address, user: 'postgres', database, ssl: false })
      await client.connect()
      try {
        // Without values the simple protocol, which takes several statements at once.
        const result = await (values.length === 0 ? client.query(text) : client.query(text, [...values]))
        return (result.rows ?? []) as R[]
      } finally {
        await client.end()
      }
    },
    createDatabase: async (name, template = 'template0') => {
      await server.query(
        `create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)}`,
      )
      return name
    },
    cloneDatabase: (template) =>
      server.createDatabase(`${template}_${randomBytes(6).toString('hex')}`, template),
  }
  return server
}

/** Starts a PostgreSQL of its own on a free loopback port, with a folder of its own, that never outlives this process. */
export const startPostgres = async (options: PostgresOptions = {}): Promise<PrivatePostgres> => {
  const user = serverUser()
  const folder = options.keepIn ?? mkdtempSync(join(tmpdir(), 'meanderctl-pg-'))
  const data = join(folder, 'data')
  const logFile = join(folder, 'log')
  mkdirSync(folder, { recursive: true })
  const watch = endsWithUs(folder, { keep: options.keepIn !== undefined })
  const own = (path: string) => user && chownSync(path, user.uid, user.gid)
  const asServer = { ...user, cwd: folder, env: { PATH: process.env.PATH, LC_MESSAGES: 'C', TZ: 'UTC' } }

  chmodSync(folder, 0o755)
  const binaries = await findPostgres(options.version, folder)
  const { standbyOf } = options
  if (!existsSync(join(data, 'PG_VERSION'))) {
    mkdirSync(data, { mode: 0o700 })
    own(data)
    own(folder)
    const locale = ['--encoding=UTF8', process.platform === 'linux' ? '--locale=C.UTF-8' : '--no-locale']
    const [maker = '', ...how] = standbyOf
      ? [
          join(dirname(binaries.initdb), 'pg_basebackup'),
          ...['-D', data, '-h', standbyOf.host, '-p', String(standbyOf.port), '-U', 'postgres'],
          ...['--checkpoint=fast', '--no-sync'],
        ]
      : [binaries.initdb, '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', ...locale]
    await run(spawn(maker, how, asServer))
  }
  if (standbyOf) {
    writeFileSync(join(data, 'standby.signal'), '')
    own(join(data, 'standby.signal'))
  }

  const certificates =
    options.tls === true ? makeCertificates(join(folder, 'certificates')) : (options.tls ?? null)
  if (certificates) {
    for (const [name, from] of [
      ['server.crt', certificates.serverCert],
      ['server.key', certificates.serverKey],
      ['root.crt', certificates.ca],
    ] as const) {
      cpSync(from, join(data, name))
      chmodSync(join(data, name), 0o600)
      own(join(data, name))
    }
  }
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: folder,
    max_connections: '100',
    shared_buffers: '32MB',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    timezone: 'UTC',
    lc_messages: 'C',
    ...(certificates ? { ssl: 'on', ssl_ca_file: 'root.crt' } : {}),
    ...(standbyOf && {
      primary_conninfo: `host=${standbyOf.host} port=${standbyOf.port} user=postgres`,
      // A copy has the settings of its original.
      synchronous_standby_names: '',
    }),
    ...options.settings,
  }
  const set = (more: Readonly<Record<string, string>> = {}) => {
    Object.assign(settings, more)
    const lines = Object.entries<string>(settings).map(
      ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`,
    )
    writeFileSync(join(data, 'postgresql.auto.conf'), lines.join(''))
    own(join(data, 'postgresql.auto.conf'))
  }
  set()
  writeFileSync(join(data, 'pg_hba.conf'), `${(options.hba ?? usualHba).join('\n')}\n`)

  let server: ChildProcess
  let ended: Promise<unknown>
  const start = async () => {
    const said = log().length
    server = spawn(binaries.postgres, ['-D', data], {
      ...asServer,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    // Until it is up the pipe tells why it is not; afterwards it must be read, or the server would block.
    server.stderr?.on('data', (chunk: Buffer) => appendFileSync(logFile, chunk))
    ended = once(server, 'exit').then(() => watch.serves(null))
    watch.serves(server.pid ?? null)
    server.unref()
    ;(server.stderr as unknown as { unref(): void }).unref()
    await ready(said)
  }
  // The log tells it, not a query: an unusual pg_hba.conf may refuse the superuser.
  const ready = async (said: number) => {
    for (let tries = 0; tries < 6000; tries++) {
      if (server.exitCode !== null) throw new Error(`PostgreSQL did not start:\n${log()}`)
      // A standby is ready to accept read-only connections.
      if (/ready to accept .*connections/.test(log().slice(said))) return
      await sleep(10)
    }
    throw new Error(`PostgreSQL is not ready after a minute:\n${log()}`)
  }
  const log = () => {
    try {
      return readFileSync(logFile, 'utf8')
    } catch {
      return ''
    }
  }
  const quit = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.ref()
    server.kill('SIGCONT')
    server.kill(signal)
    await ended
  }
  const address: PostgresAddress = { host: '127.0.0.1', port, socket: folder }

  await start()
  return {
    ...postgresAt(address),
    version: binaries.version,
    folder,
    certificates: options.tls === true ? (certificates as Certificates) : null,
    get pid() {
      return server.pid ?? 0
    },
    log,
    kill: async (signal) => {
      if (signal === 'SIGKILL' || signal === 'SIGQUIT') await quit(signal)
      else server.kill(signal)
    },
    restart: async (more) => {
      await quit('SIGINT')
      // What `alter system` wrote stays.
      if (more !== undefined) set(more)
      await start()
    },
    stop: async () => {
      await quit('SIGINT')
      await watch.done()
    },
  }
}

const run = async (child: ChildProcess): Promise<void> => {
  let said = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${child.spawnfile} failed:\n${said}`)
}
