import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, type Login } from '../support/as-login.ts'
import { everythingOf } from '../support/bystanders.ts'
import { peopledDatabase, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../support/redis.ts'
import { run } from '../support/run.ts'
import { eventsOf } from '../support/users.ts'

/** What an org admin can do with psql that is no lie of ours but theirs, and what shows it: docs/security.md. */

const server = postgresAt(inject('postgres'))
let database: string
let redis: PrivateRedis
let kari: Login

beforeAll(async () => {
  database = await peopledDatabase(server)
  redis = await startRedis()
  kari = await asLogin(server, database, 'kari')
  expect((await tool('admin', 'blocklist', 'sync')).code).toBe(0)
})
afterAll(async () => {
  await closeLogins()
  await redis.stop()
})

const tool = (login: string, ...argv: string[]) =>
  run(server, database, login, [...argv, '-o', 'json'], { redis: redis.url })
const stateOf = async (login: string, check: string): Promise<string | undefined> => {
  const doctor = await tool(login, 'doctor')
  return doctor.json<{ items: { name: string; state: string }[] }>().items.find(({ name }) => name === check)
    ?.state
}

it('says that Redis was told, and both stores are asked all the same', async () => {
  const [lost, other] = await seedSessions(server, database, [
    { person: 'mari' },
    { person: 'per', organization: 'nhf' },
  ])
  const bystanders = await everythingOf(server, database, 'nhf')
  await kari.rows('select meander.revoke_sessions($1, $2, null, null)', [[lost?.id], 'lost phone'])
  const noted = await kari.value('select meander.mark_published($1)', [
    [...(lost?.jtis ?? []), ...(other?.jtis ?? [])],
  ])
  expect(noted).toBe('1')

  expect((await tool('kari', 'users', 'verify', 'mari@hlf.example')).code).toBe(7)
  const status = await tool('admin', 'blocklist', 'status')
  expect(status.code).toBe(7)
  expect(status.json()).toMatchObject({ item: { pending: 0, drift: { missing: 1 } } })

  expect((await tool('kari', 'blocklist', 'rebuild')).code).toBe(0)
  expect((await tool('kari', 'users', 'verify', 'mari@hlf.example')).code).toBe(0)
  expect(await everythingOf(server, database, 'nhf')).toBe(bystanders)
})

it('takes a checkpoint that nobody holds: doctor is content, and the record says who', async () => {
  const bystanders = await everythingOf(server, database, 'nhf')
  expect(await stateOf('kari', 'last checkpoint')).toBe('warning')
  await kari.rows('select meander.checkpoint_audit(null, $1, $2, null)', [`SHA256:${'A'.repeat(43)}`, 'none'])
  expect(await stateOf('kari', 'last checkpoint')).toBe('ok')
  const events = await eventsOf(server, database, 'hlf')
  expect(events.at(-1)).toMatchObject({ actor: 'kari', action: 'audit.checkpointed' })
  expect(await everythingOf(server, database, 'nhf')).toBe(bystanders)
})
