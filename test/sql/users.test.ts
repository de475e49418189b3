import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, closeLoginsBut, type Login } from '../support/as-login.ts'
import { everythingOf } from '../support/bystanders.ts'
import { organizations, people, peopledDatabase, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import { run } from '../support/run.ts'
import {
  chainBreaks,
  endedOnce,
  listOf,
  ownFolder,
  readReport,
  seedCrowd,
  stateOf,
} from '../support/users.ts'

/** Logins and refreshes at every step of the end of an account, by the tool itself: none is alive afterwards. */

const server = postgresAt(inject('postgres'))
const folder = ownFolder()
let database: string
let root: Login
let bystanders: string

/** What off-boarding writes, in its order; `kari` can be made to stop before each. */
const steps = ['users', 'refresh_tokens', 'sessions', 'token_blocklist', 'audit_log'] as const

const users = (argv: readonly string[], redis = inject('redis').url) =>
  run(
    server,
    database,
    'kari',
    ['users', ...argv, '--reason', 'left', ...(argv[0] === 'verify' ? [] : ['--yes', '-o', 'json'])],
    { redis },
  )

beforeAll(async () => {
  database = await peopledDatabase(server)
  root = await asLogin(server, database, server.superuser)
  await root.rows(`
    create function public.stop_here() returns trigger language plpgsql as $$
    begin
      if session_user = 'kari' then perform pg_advisory_xact_lock(tg_argv[0]::int); end if;
      return null;
    end $$;
    ${steps
      .map(
        (table, step) =>
          `create trigger zz_stop before insert or update on meander.${table} for each statement execute function public.stop_here('${step}');`,
      )
      .join('\n')}`)
  await seedSessions(server, database, [{ person: 'per' }])
  bystanders = await everythingOf(server, database, 'nhf')
})
afterEach(async () => {
  await closeLoginsBut(root)
  expect(await leftovers()).toEqual([])
  expect(await everythingOf(server, database, 'nhf')).toBe(bystanders)
})
afterAll(async () => {
  await closeLogins()
  folder.remove()
})

/** What must never be. */
const leftovers = () =>
  root.rows(`
    select 'session of a deactivated user' as what, s.id from meander.sessions s join meander.users u on u.id = s.user_id
    where u.status = 'deactivated' and s.revoked_at is null
    union all
    select 'live token', t.id from meander.refresh_tokens t join meander.sessions s on s.id = t.session_id
    where s.revoked_at is not null and t.rotated_at is null and t.revoked_at is null
    union all
    select 'unblocked', t.access_jti from meander.refresh_tokens t join meander.sessions s on s.id = t.session_id
    where s.revoked_at is not null and t.access_expires_at > clock_timestamp()
      and not exists (select from meander.token_blocklist b where b.jti = t.access_jti)`)

/** The code with which the server refused, or that it went through. */
const outcome = (statement: Promise<unknown>): Promise<string> =>
  statement.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? 'unknown',
  )
const logIn = (auth: Login, user: string) =>
  auth.rows<{ id: string }>(
    `insert into meander.sessions (user_id, organization_id, kind, expires_at)
     values ($1, $2, 'portal', now() + interval '1 day') returning id`,
    [user, organizations.hlf],
  )
const refresh = async (auth: Login, session: string): Promise<void> => {
  await auth.rows('begin')
  try {
    const [token] = await auth.rows<{ id: string }>(
      `update meander.refresh_tokens set rotated_at = clock_timestamp()
       where session_id = $1 and rotated_at is null and revoked_at is null returning id`,
      [session],
    )
    await auth.rows(
      `insert into meander.refresh_tokens (session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at)
       values ($1, $2, $3, $4, gen_random_uuid(), clock_timestamp() + interval '10 minutes')`,
      [session, organizations.hlf, token?.id ?? null, randomBytes(32)],
    )
    await auth.rows('commit')
  } catch (error) {
    await auth.rows('rollback')
    throw error
  }
}
const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return
    await sleep(10)
  }
  throw new Error(`waited in vain: ${what}`)
}
const stopped = () =>
  until(
    'kari stops',
    async () =>
      (await root.value(
        `select count(*) from pg_stat_activity where datname = current_database() and usename = 'kari' and wait_event = 'advisory'`,
      )) === '1',
  )

describe('someone logs in and refreshes', () => {
  let user: string
  let session: string
  let n = 0
  beforeEach(async () => {
    const crowd = await seedCrowd(server, database, `step${++n}`, 1)
    const [row] = await root.rows<{ user: string; session: string }>(
      `select u.id as user, s.id as session from meander.users u join meander.sessions s on s.user_id = u.id where u.email = $1`,
      [crowd.emails[0]],
    )
    user = row?.user ?? ''
    session = row?.session ?? ''
  })

  it.each(steps.map((table, step) => [table, step] as const))(
    'while off-boarding is about to write %s',
    async (table, step) => {
      const gate = await asLogin(server, database, server.superuser)
      const auth = await Promise.all([1, 2, 3].map(() => asLogin(server, database, 'auth')))
      await gate.rows('select pg_advisory_lock($1)', [step])
      const ending = users(['offboard', user])
      await stopped()
      const [first, second, third] = auth as [Login, Login, Login]
      const attempts = [
        outcome(logIn(first, user)),
        outcome(refresh(second, session)),
        outcome(
          third.rows('update meander.sessions set last_activity_at = clock_timestamp() where id = $1', [
            session,
          ]),
        ),
      ]
      await sleep(100)
      await gate.rows('select pg_advisory_unlock($1)', [step])
      const [ended, login, refreshed] = await Promise.all([ending, ...attempts])
      expect(ended).toMatchObject({ code: 0 })
      // Before the account is written a login may still be first; then its session ended with the others.
      expect(table === 'users' ? ['MC410', 'done'] : ['MC410']).toContain(login)
      expect(['MC410', 'done', '40P01']).toContain(refreshed)
      expect(await outcome(logIn(first, user))).toBe('MC410')
      expect(await outcome(refresh(second, session))).toBe('MC410')
      expect((await users(['verify', user, '--offboarded'])).code).toBe(0)
    },
  )

  it('all the time while a crowd is off-boarded: never a live session of a deactivated user', async () => {
    const crowd = await seedCrowd(server, database, `storm${n}`, 400)
    const held = await root.rows<{ user: string; session: string }>(
      `select u.id as user, s.id as session from meander.users u join meander.sessions s on s.user_id = u.id
       where u.email ^@ $1 order by random()`,
      [`storm${n}-`],
    )
    let running = true
    let refusals = 0
    const storm = async (
      attempt: (auth: Login, one: { user: string; session: string }) => Promise<unknown>,
    ) => {
      const auth = await asLogin(server, database, 'auth')
      for (let k = 0; running; k++) {
        const one = held[k % held.length]
        if (one && (await outcome(attempt(auth, one))) === 'MC410') refusals += 1
      }
    }
    const storms = [
      storm((auth, one) => logIn(auth, one.user)),
      storm((auth, one) => logIn(auth, one.user)),
      storm((auth, one) => refresh(auth, one.session)),
      storm((auth, one) => refresh(auth, one.session)),
    ]
    await sleep(200)
    const ended = await users([
      'offboard',
      '--file',
      folder.saved(listOf(crowd.emails)),
      '--batch-size',
      '40',
    ])
    await sleep(200)
    running = false
    await Promise.all(storms)
    expect(ended).toMatchObject({ code: 0 })
    expect(refusals).toBeGreaterThan(0)
    expect(await stateOf(server, database, crowd)).toEqual(endedOnce(400))
    expect(await chainBreaks(server, database, 'hlf')).toBe(0)
  })
})

describe('someone logs in during a sign-out', () => {
  it('is counted and named, in the report too', async () => {
    const redis = await startRedis()
    try {
      const [phone] = await seedSessions(server, database, [{ person: 'mari' }])
      const report = folder.path('signed-out.csv')
      // A Redis that does not answer yet: between the commit and the look back there is time for a login.
      redis.pause()
      const running = users(
        ['sign-out', 'mari@hlf.example', 'ola@hlf.example', '--report', report],
        redis.url,
      )
      await until(
        'mari is signed out',
        async () =>
          (await root.value('select revoked_at from meander.sessions where id = $1', [phone?.id])) !== null,
      )
      const auth = await asLogin(server, database, 'auth')
      const [again] = await logIn(auth, people.mari.id)
      redis.resume()
      const ran = await running
      expect([0, 8]).toContain(ran.code)
      expect(ran.stderr).toMatch(
        new RegExp(
          `1 new session began meanwhile:\\n {2}mari@hlf.example: session ${again?.id} until \\d{4}-`,
        ),
      )
      expect(
        readReport(report).map(({ outcome, message }) => [outcome, message.replace(/ until .*/, '')]),
      ).toEqual([
        ['signedOut', `active again: session ${again?.id}`],
        ['alreadySignedOut', ''],
      ])
      expect((await users(['verify', 'mari@hlf.example'], redis.url)).code).toBe(7)
    } finally {
      redis.resume()
      await redis.stop()
    }
  })
})
