import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { MeanderError } from '../errors.ts'
import { expandHome, isThere, readNamed, refuseOpenToOthers } from './files.ts'
import { isLocal, parsePort } from './hosts.ts'
import { type PasswordSource, passwordSource } from './password.ts'
import { secretive } from './secrets.ts'
import type { Layer, VariableName } from './variables.ts'

export const tlsModes = ['verify-full', 'verify-ca', 'require', 'disable'] as const
export type TlsMode = (typeof tlsModes)[number]

export const sessionAttributes = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const
export type SessionAttributes = (typeof sessionAttributes)[number]

/** PEM texts, already read. */
export interface TlsFiles {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface DatabaseHost {
  /** What the certificate must be for, or the folder of a socket. */
  readonly host: string
  /** The address to go to instead of asking DNS (PGHOSTADDR). */
  readonly address: string | null
  readonly port: number
  readonly tls: TlsMode
}

export interface ServerSettings {
  readonly kind: 'server'
  /** Tried in this order. */
  readonly hosts: readonly [DatabaseHost, ...DatabaseHost[]]
  readonly user: string
  readonly database: string
  readonly password: PasswordSource
  readonly tlsFiles: TlsFiles
  /** null waits for ever. */
  readonly connectTimeoutMs: number | null
  readonly targetSessionAttrs: SessionAttributes
}

export interface EmbeddedSettings {
  readonly kind: 'embedded'
  readonly folder: string
  /** The operator's login, entered with SET SESSION AUTHORIZATION. */
  readonly user: string
}

export type DatabaseSettings = ServerSettings | EmbeddedSettings

/** The server that `values` name, checked; null where they name none. */
export const serverSettings = (values: Layer, home: string): ServerSettings | null => {
  const get = (name: VariableName): string | undefined => values[name]?.value
  const named = [values.DATABASE_URL, values.PGHOST, values.PGHOSTADDR, values.PGSERVICE, values.PGDATABASE]
  if (!named.some(Boolean)) return null

  const user = get('PGUSER') ?? userInfo().username
  const hosts = hostsOf(values)
  return {
    kind: 'server',
    hosts,
    user,
    database: get('PGDATABASE') ?? user,
    password: passwordSource(values, home),
    tlsFiles: hosts.some(({ tls }) => tls !== 'disable') ? tlsFilesOf(values, hosts, home) : {},
    connectTimeoutMs: connectTimeout(values),
    targetSessionAttrs: oneOf(values, 'PGTARGETSESSIONATTRS', sessionAttributes) ?? 'any',
  }
}

const usage = (message: string, hint?: string): never => {
  throw new MeanderError('USAGE', message, { hint })
}

const oneOf = <T extends string>(values: Layer, name: VariableName, allowed: readonly T[]): T | undefined => {
  const setting = values[name]
  if (!setting) return undefined
  const found = allowed.find((one) => one === setting.value)
  const from = setting.name === name ? name : `${name} (${setting.name})`
  return found ?? usage(`${from} is ${JSON.stringify(setting.value)}`, `Allowed are ${allowed.join(', ')}`)
}

const hostsOf = (values: Layer): ServerSettings['hosts'] => {
  const list = (name: VariableName): string[] | null => values[name]?.value.split(',') ?? null
  const names = list('PGHOST')
  const addresses = list('PGHOSTADDR')
  const ports = list('PGPORT') ?? ['']
  if (names && addresses && names.length !== addresses.length) {
    usage(`PGHOST has ${names.length} entries, PGHOSTADDR ${addresses.length}`)
  }
  const places = names ?? addresses ?? ['']
  if (ports.length !== 1 && ports.length !== places.length) {
    usage(`PGPORT has ${ports.length} entries for ${places.length} hosts`, 'One for all, or one for each')
  }
  const mode = oneOf(values, 'PGSSLMODE', tlsModes)
  const [first, ...others] = places.map((_, index): DatabaseHost => {
    const text = ports[ports.length === 1 ? 0 : index] || '5432'
    const port = parsePort(text) ?? usage('PGPORT is not a number from 1 to 65535')
    const address = addresses?.[index] || null
    const host = names?.[index] || address || defaultHost(port)
    const socket = host.startsWith('/')
    return {
      host,
      address,
      port,
      tls: socket ? 'disable' : (mode ?? (isLocal(address ?? host) ? 'disable' : 'verify-full')),
    }
  })
  return first ? [first, ...others] : usage('PGHOST is empty')
}

/** As psql does where nobody names a host: the socket where the system's packages put it, else this machine. */
const defaultHost = (port: number): string =>
  ['/var/run/postgresql', '/tmp'].find((folder) => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost'

const connectTimeout = (values: Layer): number | null => {
  const text = values.PGCONNECT_TIMEOUT?.value ?? '10'
  if (!/^-?\d{1,6}$/.test(text)) usage('PGCONNECT_TIMEOUT is not a whole number of seconds')
  const seconds = Number(text)
  return seconds > 0 ? seconds * 1000 : null
}

/** The named files, else those that psql would find in ~/.postgresql. */
const tlsFilesOf = (values: Layer, hosts: readonly DatabaseHost[], home: string): TlsFiles => {
  const path = (name: VariableName, usual: string): string | null => {
    const named = values[name]?.value
    if (named) return expandHome(named, home)
    const there = join(home, '.postgresql', usual)
    return isThere(there) ? there : null
  }
  const root = values.PGSSLROOTCERT?.value === 'system' ? null : path('PGSSLROOTCERT', 'root.crt')
  if (root === null && hosts.some(({ tls }) => tls === 'verify-ca')) {
    usage(
      'sslmode verify-ca without an authority of your own would trust anybody that any public authority trusts',
      "Set PGSSLROOTCERT to the authority's certificate, or use verify-full",
    )
  }
  const cert = path('PGSSLCERT', 'postgresql.crt')
  const key = cert === null ? null : path('PGSSLKEY', 'postgresql.key')
  if (cert !== null && key === null) usage(`The certificate ${cert} has no key`, 'Set PGSSLKEY')
  const files: TlsFiles = {
    ...(root === null ? {} : { ca: readNamed(root, 'PGSSLROOTCERT') }),
    ...(cert === null ? {} : { cert: readNamed(cert, 'PGSSLCERT') }),
    ...(key === null ? {} : { key: readNamed(key, 'PGSSLKEY') }),
  }
  if (key !== null) refuseOpenToOthers(key, 'The key')
  return secretive(files, ['key'])
}
