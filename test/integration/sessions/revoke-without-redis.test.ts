import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, inject, it } from 'vitest'
import { peopledDatabase, type SeededSession, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))

const prepare = async (): Promise<{ database: string; lost: SeededSession }> => {
  const database = await peopledDatabase(server)
  const [lost] = await seedSessions(server, database, [{ person: 'mari', chain: 2 }])
  return { database, lost: lost as SeededSession }
}
const revoke = (database: string, id: string, redis?: string) =>
  run(server, database, 'kari', ['sessions', 'revoke', id, '--reason', 'lost', '--yes', '-o', 'json'], {
    redis,
  })

describe('an operator without a Redis of its own', () => {
  it('waits for the publisher, and answers 0 when Redis knows', async () => {
    const { database, lost } = await prepare()
    const revoking = revoke(database, lost.id)
    for (;;) {
      const [row] = await server.query('select 1 from meander.token_blocklist', [], database)
      if (row) break
      await sleep(20)
    }
    const published = await run(server, database, 'publisher', ['blocklist', 'sync', '-o', 'json'], {
      redis: inject('redis').url,
    })
    expect(published.json<{ item: object }>().item).toMatchObject({ published: 2, pending: 0 })
    const ran = await revoking
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({
      blocklist: { mode: 'redis', published: 2, pending: 0 },
      residualAccess: [],
    })
  })

  it('has nothing to wait for when nothing was left to block', async () => {
    const { database } = await prepare()
    const [portal] = await seedSessions(server, database, [{ person: 'mari', kind: 'portal', chain: 0 }])
    const started = performance.now()
    expect((await revoke(database, portal?.id ?? '')).code).toBe(0)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it('has nothing to wait for where the platform reads the database', async () => {
    const { database, lost } = await prepare()
    const migrated = await run(server, database, server.superuser, [
      'db',
      'migrate',
      '--blocklist',
      'database',
    ])
    expect(migrated.code).toBe(0)
    const ran = await revoke(database, lost.id, 'redis://127.0.0.1:1')
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({
      summary: { revoked: 1, accessTokensBlocked: 2 },
      blocklist: { mode: 'database', published: 0, pending: 0 },
      residualAccess: [],
    })
  })
})
