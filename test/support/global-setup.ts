import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import { type PostgresAddress, startPostgres } from './postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The PostgreSQL of this run; `postgresAt(inject('postgres'))` reaches it. */
    postgres: PostgresAddress
  }
}

/** One server for the whole run; every test file clones itself a database. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const postgres = await startPostgres()
  const { host, port, socket } = postgres
  project.provide('postgres', { host, port, socket })
  return () => postgres.stop()
}
