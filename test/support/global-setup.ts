import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import { createTemplate } from './people.ts'
import { type PostgresAddress, startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The PostgreSQL of this run; `postgresAt(inject('postgres'))` reaches it. */
    postgres: PostgresAddress
    /** The Redis of this run, shared: a test that counts keys takes a prefix of its own, one that kills starts its own. */
    redis: { readonly url: string; readonly port: number }
  }
}

/** One server of each kind for the whole run; every test file clones itself a database. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
  await createTemplate(postgres)
  const { host, port, socket } = postgres
  project.provide('postgres', { host, port, socket })
  project.provide('redis', { url: redis.url, port: redis.port })
  return async () => {
    await Promise.all([postgres.stop(), redis.stop()])
  }
}
