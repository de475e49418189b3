import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { asLogin, closeLogins } from '../../support/as-login.ts'
import { everythingOf } from '../../support/bystanders.ts'
import { people, peopledDatabase, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string
let session: string

beforeAll(async () => {
  database = await peopledDatabase(server)
  session = (await seedSessions(server, database, [{ person: 'mari' }]))[0]?.id ?? ''
})
afterAll(() => closeLogins())

const revoke = (...more: string[]) =>
  run(server, database, 'kari', ['sessions', 'revoke', session, '--reason', 'lost', '--yes', ...more], {
    redis,
  })

it('a lock that is not let go of in time is told with who holds it, not who waits as well', async () => {
  const auth = await asLogin(server, database, 'auth')
  const pid = await auth.value('select pg_backend_pid()')
  await auth.rows(`begin; update meander.sessions set last_activity_at = now() where id = '${session}'`)
  const since = await auth.value(`select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`)
  // Another operator waits for the same row, and is in the way of ours as much.
  const other = await asLogin(server, database, 'kari')
  const waiting = other
    .rows(
      `begin; set local lock_timeout = '20s'; select meander.sign_out_users(array['${people.mari.id}'::uuid], array['x'], array[null], null)`,
    )
    .catch(() => 'gave up')
  const before = await everythingOf(server, database, 'hlf')

  expect((await revoke('-o', 'json')).error()).toMatchObject({
    code: 'FAILED',
    exitCode: 1,
    message: `auth (process ${pid}, in a transaction since ${since}) holds what this one needs, and did not let go in time; nothing was changed`,
    hint: `Try again in a moment; whoever may, ends it: select pg_terminate_backend(${pid})`,
  })
  expect(await everythingOf(server, database, 'hlf')).toBe(before)

  await auth.rows('rollback')
  await waiting
  await other.rows('rollback').catch(() => {})
  expect((await revoke()).code).toBe(0)
})

it('nobody is told who holds up somebody else', async () => {
  const [fresh] = await seedSessions(server, database, [{ person: 'mari' }])
  const [auth, nils] = await Promise.all([
    asLogin(server, database, 'auth'),
    asLogin(server, database, 'nils'),
  ])
  const holder = await asLogin(server, database, 'auth')
  const lock = `begin; update meander.sessions set last_activity_at = now() where id = '${fresh?.id}'`
  await holder.rows(lock)
  const pid = await auth.value('select pg_backend_pid()')
  const waiting = auth.rows(lock)
  const kept = 'select count(*) from pg_locks where not granted and pid = $1'
  while ((await nils.value(kept, [pid])) === '0');
  expect(await nils.rows('select * from meander.lock_holders($1)', [pid])).toEqual([])
  await holder.rows('rollback')
  await waiting
  await auth.rows('rollback')
})
