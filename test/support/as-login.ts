import pg from 'pg'
import { connect } from '../../src/postgres/connection.ts'
import type { Database } from '../../src/postgres/database.ts'
import type { PostgresServer } from './postgres.ts'

/** Every login's password; the logins differ in what they may do. */
export const password = 'correct horse'

/** The tool's own connection as a login. */
export const connectAs = (server: PostgresServer, database: string, login: string): Promise<Database> =>
  connect({
    kind: 'server',
    hosts: [{ host: server.host, address: null, port: server.port, tls: 'disable' }],
    user: login,
    database,
    password: { kind: 'value', get: async () => password },
    tlsFiles: {},
    connectTimeoutMs: 10_000,
    targetSessionAttrs: 'any',
  })

/** What PostgreSQL says when it refuses, as psql would show it. */
export interface Refusal {
  readonly code: string
  readonly message: string
  readonly detail: string | undefined
  readonly hint: string | undefined
}

/** One connection as a login, with values as psql prints them: text, or null. */
export interface Login {
  readonly login: string
  rows<R extends object = Record<string, string | null>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<R[]>
  /** The one value of a statement that gives one. */
  value(text: string, values?: readonly unknown[]): Promise<string | null>
  /** Runs a statement that has to be refused with this SQLSTATE, and returns what was said. */
  fails(code: string, text: string, values?: readonly unknown[]): Promise<Refusal>
  close(): Promise<void>
}

const asText = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig
/** Of several statements at once the last one counts. */
const lastRows = <R>(result: pg.QueryResult | pg.QueryResult[]): R[] =>
  (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? []
const opened = new Set<Login>()

/** Connects as `login`; `postgres` is the superuser. Past the tool on purpose: what psql may, this may. */
export const asLogin = async (server: PostgresServer, database: string, login: string): Promise<Login> => {
  const { host, port } = server
  const client = new pg.Client({ host, port, user: login, password, database, ssl: false, types: asText })
  // A connection that the server ended tells so at its next statement.
  client.on('error', () => {})
  await client.connect()
  const rows = async <R extends object>(text: string, values: readonly unknown[] = []): Promise<R[]> =>
    values.length === 0 ? lastRows(await client.query(text)) : (await client.query(text, [...values])).rows
  const connection: Login = {
    login,
    rows,
    value: async (text, values) =>
      Object.values((await rows<Record<string, string>>(text, values))[0] ?? {})[0] ?? null,
    fails: async (code, text, values) => {
      const result = await rows(text, values).catch((error: pg.DatabaseError) => error)
      if (!(result instanceof Error)) throw new Error(`${login} was not refused: ${text}`)
      if (result.code !== code)
        throw new Error(`${login} got ${result.code} (${result.message}), not ${code}: ${text}`, {
          cause: result,
        })
      return { code, message: result.message, detail: result.detail, hint: result.hint }
    },
    close: async () => {
      opened.delete(connection)
      await client.end()
    },
  }
  opened.add(connection)
  return connection
}

/** Ends what the file still holds open; for `afterAll`. */
export const closeLogins = (): Promise<void> => closeLoginsBut()

/** Ends what a test opened, but not what its file goes on with; for `afterEach`. */
export const closeLoginsBut = async (...keep: readonly Login[]): Promise<void> => {
  await Promise.all([...opened].filter((login) => !keep.includes(login)).map((login) => login.close()))
}
