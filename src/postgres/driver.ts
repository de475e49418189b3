import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Client } from 'pg'
import type { DatabaseHost, ServerSettings } from '../config/database-settings.ts'
import { arrayElements, parsers } from './types.ts'

/** Everything is said to the driver outright: what it is not told, it reads from the environment. */
export const open = async (
  settings: ServerSettings,
  host: DatabaseHost,
  { password, waiting }: { password(): Promise<string>; readonly waiting: (() => void) | undefined },
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
    const connected = client.connect()
    waiting?.()
    await connected
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

/**
 * A way that swallows everything is broken on this side too, so that nobody waits until the system gives up, minutes
 * later. What was on its way is then lost like any other, a COMMIT included.
 */
export const answered = async <T>(
  client: Client,
  silenceMs: number | null | undefined,
  ask: () => Promise<T>,
): Promise<T> => {
  if (!silenceMs) return ask()
  const timer = setTimeout(() => {
    const error = new Error(`the server has said nothing for ${silenceMs / 1000} s`)
    client.connection.stream.destroy(Object.assign(error, { code: 'ETIMEDOUT' }))
  }, silenceMs)
  try {
    return await ask()
  } finally {
    clearTimeout(timer)
  }
}
