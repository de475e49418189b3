import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { bin, cleanEnvironment } from '../e2e/meanderctl.ts'
import { password } from '../support/as-login.ts'
import { everythingOf } from '../support/bystanders.ts'
import { organizations, peopledDatabase } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { chainBreaks, ownFolder, seedCrowd } from '../support/users.ts'

/** A large plan that is killed, interrupted and gone on with: `npm run soak` takes 100,000 sessions. */
const users = process.env.MEANDERCTL_SOAK === undefined ? 3000 : 10_000
const sessions = 10 * users

const server = postgresAt(inject('postgres'))
const folder = ownFolder()
const plan = folder.path('plan.ndjson')
let database: string
let bystanders: string

/** The built tool in a process of its own. */
const begin = (...argv: string[]) =>
  execa(process.execPath, [bin, ...argv, '-o', 'json'], {
    env: cleanEnvironment({
      DATABASE_URL: server.url('kari', database, password),
      REDIS_URL: inject('redis').url,
    }),
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  })
const count = async (text: string): Promise<number> =>
  (await server.query<{ count: number }>(`select count(*)::int as count from ${text}`, [], database))[0]
    ?.count ?? 0
const ended = () => count('meander.sessions where revoked_at is not null')

beforeAll(async () => {
  database = await peopledDatabase(server)
  await seedCrowd(server, database, 'planned', users, { sessions: 10 })
  await seedCrowd(server, database, 'foreign', 3, { organization: 'nhf' })
  await server.query(
    `insert into meander.sessions (user_id, organization_id, kind, device_type, expires_at)
     select id, organization_id, 'portal', 'browser', now() + interval '1 day' from meander.users
     where organization_id = '${organizations.hlf}' limit 100`,
    [],
    database,
  )
  bystanders = await everythingOf(server, database, 'nhf')
})
afterAll(async () => {
  expect(await everythingOf(server, database, 'nhf')).toBe(bystanders)
  folder.remove()
})

it('a plan that is killed and interrupted in the middle is finished by the same command', async () => {
  const made = await begin('sessions', 'revoke', '--kind', 'mobile', '--reason', 'key leaked', '--plan', plan)
  expect(made.exitCode).toBe(0)
  expect(JSON.parse(made.stdout).item).toMatchObject({ targets: sessions, users })
  expect(readFileSync(plan, 'utf8').split('\n')).toHaveLength(sessions + 3)
  expect(await ended()).toBe(0)

  for (const [signal, code] of [
    ['SIGKILL', undefined],
    ['SIGINT', 130],
  ] as const) {
    const before = await ended()
    const child = begin('apply', plan, '--yes')
    while ((await ended()) === before && child.exitCode === null) await sleep(10)
    child.kill(signal)
    expect((await child).exitCode).toBe(code)
    expect(await ended()).toBeLessThan(sessions)
  }
  const before = await ended()
  expect(before).toBeGreaterThan(0)

  const rest = await begin('apply', plan, '--yes')
  expect(rest.exitCode).toBe(0)
  expect(JSON.parse(rest.stdout)).toMatchObject({
    summary: { requested: sessions, revoked: sessions - before, alreadyRevoked: before },
    blocklist: { pending: 0 },
    residualAccess: [],
    plan: { continued: true },
  })
  expect(await ended()).toBe(sessions)
  expect(await count("meander.sessions where kind = 'portal' and revoked_at is not null")).toBe(0)
  expect(
    await count("(select distinct target_id from meander.audit_log where action = 'session.revoked') as e"),
  ).toBe(sessions)
  expect(await count("meander.audit_log where action = 'session.revoked'")).toBe(sessions)
  expect(await count("meander.audit_log where action = 'plan.finished'")).toBe(1)
  expect(await count('meander.token_blocklist where published_at is null')).toBe(0)
  expect(await chainBreaks(server, database, 'hlf')).toBe(0)
  expect((await begin('apply', plan, '--yes')).exitCode).toBe(5)
}, 300_000)
