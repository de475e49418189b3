import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { asLogin, closeLogins, closeLoginsBut, connectAs, type Login } from '../support/as-login.ts'
import {
  organizations,
  people,
  peopledDatabase,
  type SeededSession,
  seedSessions,
} from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'

/** Revocation, off-boarding and rotation at once: whoever is first, nothing that was ended is alive afterwards. */

const server = postgresAt(inject('postgres'))
let database: string
let root: Login
/** The operator as the tool is one: its transactions are run again after a deadlock. */
let tool: Database

beforeAll(async () => {
  database = await peopledDatabase(server)
  root = await asLogin(server, database, server.superuser)
  // A deadlock is meant to happen here; a second each would be long.
  await root.rows(`alter database ${database} set deadlock_timeout = '20ms'`)
  tool = await connectAs(server, database, 'kari')
})
afterEach(async () => {
  await closeLoginsBut(root)
  // The whole of it, whatever the test was about.
  expect(await leftovers()).toEqual([])
  expect(await doubles()).toEqual([])
})
afterAll(async () => {
  await tool.close()
  await closeLogins()
})

/** What must never be: something alive on what has ended, or unblocked. */
const leftovers = () =>
  root.rows(`
    select 'live token' as what, t.id from meander.refresh_tokens t join meander.sessions s on s.id = t.session_id
    where s.revoked_at is not null and t.rotated_at is null and t.revoked_at is null
    union all
    select 'unblocked', t.access_jti from meander.refresh_tokens t join meander.sessions s on s.id = t.session_id
    where s.revoked_at is not null and t.access_expires_at > clock_timestamp()
      and not exists (select from meander.token_blocklist b where b.jti = t.access_jti)
    union all
    select 'session of a deactivated user', s.id from meander.sessions s join meander.users u on u.id = s.user_id
    where u.status = 'deactivated' and s.revoked_at is null`)

/** Sessions with more than one event that says they were ended. */
const doubles = () =>
  root.rows(
    "select target_id from meander.audit_log where action = 'session.revoked' group by target_id having count(*) > 1",
  )

const seed = async (count = 1): Promise<SeededSession[]> =>
  seedSessions(
    server,
    database,
    Array.from({ length: count }, () => ({ person: 'mari', chain: 2 }) as const),
  )
const tokenOf = (session: string): Promise<string | null> =>
  root.value(
    'select id from meander.refresh_tokens where session_id = $1 and rotated_at is null and revoked_at is null',
    [session],
  )

/** The two statements of a refresh, in their order. */
const spend = (auth: Login, token: string | null) =>
  auth.rows('update meander.refresh_tokens set rotated_at = clock_timestamp() where id = $1', [token])
const issue = (auth: Login, session: string, parent: string | null) =>
  auth.rows(
    `insert into meander.refresh_tokens (session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at)
     values ($1, $2, $3, $4, gen_random_uuid(), clock_timestamp() + interval '10 minutes')`,
    [session, organizations.hlf, parent, randomBytes(32)],
  )
const logIn = (auth: Login, user: string) =>
  auth.rows(
    `insert into meander.sessions (user_id, organization_id, kind, expires_at) values ($1, $2, 'portal', now() + interval '1 day')`,
    [user, organizations.hlf],
  )
const revoke = async (db: Database, ...sessions: string[]) => {
  const [row] = await db.transaction((tx) =>
    tx.query<{ result: { summary: { revoked: number; alreadyRevoked: number } } }>(
      'select meander.revoke_sessions($1, $2, null, null) as result',
      [sessions, 'lost'],
    ),
  )
  return row?.result.summary
}
const offboard = (db: Database, user: string) =>
  db.transaction((tx) =>
    tx.query('select meander.offboard_users($1, $2, $3, null)', [[user], ['left'], [null]]),
  )
const reinstate = (user: string) =>
  tool.transaction((tx) =>
    tx.query('select meander.reinstate_users($1, $2, $3, null)', [[user], ['back'], [null]]),
  )
/** Until somebody waits for a lock: only then the order of the two is certain. */
const somebodyWaits = async (): Promise<void> => {
  for (let tries = 0; tries < 500; tries++) {
    const waiting = await root.value(
      `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    if (waiting !== '0') return
    await sleep(5)
  }
  throw new Error('nobody waits')
}

describe('rotation and revocation', () => {
  it('the rotation first: its new token dies with the session', async () => {
    const [session] = (await seed()) as [SeededSession]
    const token = await tokenOf(session.id)
    const auth = await asLogin(server, database, 'auth')
    await auth.rows('begin')
    await spend(auth, token)
    await issue(auth, session.id, token)
    const revoked = revoke(tool, session.id)
    await somebodyWaits()
    await auth.rows('commit')
    expect(await revoked).toMatchObject({ revoked: 1, refreshTokensRevoked: 1, accessTokensBlocked: 3 })
  })

  it('the rotation half done: the same', async () => {
    const [session] = (await seed()) as [SeededSession]
    const token = await tokenOf(session.id)
    const auth = await asLogin(server, database, 'auth')
    await auth.rows('begin')
    await spend(auth, token)
    const revoked = revoke(tool, session.id)
    await somebodyWaits()
    await issue(auth, session.id, token)
    await auth.rows('commit')
    expect(await revoked).toMatchObject({ revoked: 1, accessTokensBlocked: 3 })
  })

  it('the new token before the old one is spent: refused, since nobody could tell which of them is the chain', async () => {
    const [session] = (await seed()) as [SeededSession]
    const token = await tokenOf(session.id)
    const auth = await asLogin(server, database, 'auth')
    await expect(issue(auth, session.id, token)).rejects.toMatchObject({ code: 'MC400' })
    await expect(issue(auth, session.id, null)).rejects.toMatchObject({ code: '23505' })
    await spend(auth, token)
    await issue(auth, session.id, token)
  })

  it('the revocation first: the rotation waits and is refused', async () => {
    const [session] = (await seed()) as [SeededSession]
    const token = await tokenOf(session.id)
    const [auth, kari] = [await asLogin(server, database, 'auth'), await asLogin(server, database, 'kari')]
    await kari.rows('begin')
    await kari.rows('select meander.revoke_sessions($1, $2, null, null)', [[session.id], 'lost'])
    const rotated = auth.fails(
      'MC410',
      'update meander.refresh_tokens set rotated_at = clock_timestamp() where id = $1',
      [token],
    )
    await somebodyWaits()
    expect(await leftovers()).toEqual([])
    await kari.rows('commit')
    await rotated
    await expect(issue(auth, session.id, token)).rejects.toMatchObject({ code: 'MC410' })
  })

  it('the revocation first: a token that needs no other waits and is refused', async () => {
    const [session] = (await seed()) as [SeededSession]
    const [auth, kari] = [await asLogin(server, database, 'auth'), await asLogin(server, database, 'kari')]
    await kari.rows('begin')
    await kari.rows('select meander.revoke_sessions($1, $2, null, null)', [[session.id], 'lost'])
    const issued = expect(issue(auth, session.id, null)).rejects.toMatchObject({ code: 'MC410' })
    await somebodyWaits()
    await kari.rows('commit')
    await issued
  })

  it('the revocation rolled back: the rotation goes on', async () => {
    const [session] = (await seed()) as [SeededSession]
    const token = await tokenOf(session.id)
    const [auth, kari] = [await asLogin(server, database, 'auth'), await asLogin(server, database, 'kari')]
    await kari.rows('begin')
    await kari.rows('select meander.revoke_sessions($1, $2, null, null)', [[session.id], 'lost'])
    const rotated = spend(auth, token)
    await somebodyWaits()
    await kari.rows('rollback')
    await rotated
    await issue(auth, session.id, token)
    expect(await tokenOf(session.id)).not.toBeNull()
  })

  it('at repeatable read the rotation does not see less', async () => {
    const [session] = (await seed()) as [SeededSession]
    const token = await tokenOf(session.id)
    const auth = await asLogin(server, database, 'auth')
    await auth.rows('begin isolation level repeatable read')
    await auth.rows('select count(*) from meander.sessions')
    await revoke(tool, session.id)
    await expect(spend(auth, token)).rejects.toMatchObject({ code: '40001' })
    await auth.rows('rollback')
    await auth.rows('begin isolation level repeatable read')
    const [other] = (await seed()) as [SeededSession]
    await auth.rows('rollback; begin isolation level repeatable read; select count(*) from meander.sessions')
    await revoke(tool, other.id)
    await expect(issue(auth, other.id, null)).rejects.toMatchObject({ code: '40001' })
    await auth.rows('rollback')
  })

  it('activity does not bring back what a revocation ends', async () => {
    const [session] = (await seed()) as [SeededSession]
    const [auth, kari] = [await asLogin(server, database, 'auth'), await asLogin(server, database, 'kari')]
    await kari.rows('begin')
    await kari.rows('select meander.revoke_sessions($1, $2, null, null)', [[session.id], 'lost'])
    const touched = auth.fails(
      'MC410',
      'update meander.sessions set last_activity_at = clock_timestamp() where id = $1',
      [session.id],
    )
    await somebodyWaits()
    await kari.rows('commit')
    await touched
  })

  it('in any order, three hundred times', async () => {
    const sessions = await seed(300)
    const auths = await Promise.all([0, 1, 2].map(() => asLogin(server, database, 'auth')))
    const operators = await Promise.all([0, 1].map(() => connectAs(server, database, 'kari')))
    const refused = new Set<string>()
    const refresh = async (auth: Login, session: string) => {
      for (let n = 0; n < 2; n++) {
        const spends = Math.random() < 0.8
        try {
          await auth.rows('begin')
          const token = await auth.value(
            'select id from meander.refresh_tokens where session_id = $1 and rotated_at is null and revoked_at is null',
            [session],
          )
          if (spends) await spend(auth, token)
          await issue(auth, session, token)
          await auth.rows(Math.random() < 0.1 ? 'rollback' : 'commit')
        } catch (error) {
          refused.add((error as { code: string }).code)
          await auth.rows('rollback')
        }
        await sleep(Math.random() * 3)
      }
    }
    let revoked = 0
    for (let n = 0; n < sessions.length; n += 3) {
      const batch = sessions.slice(n, n + 3).map(({ id }) => id)
      await Promise.all([
        ...auths.map((auth, index) => refresh(auth, batch[index] ?? '')),
        ...operators.map(async (operator, index) => {
          await sleep(Math.random() * 6)
          const order = index === 0 ? batch : batch.toReversed()
          const done = await revoke(operator, ...order)
          revoked += done?.revoked ?? 0
        }),
      ])
    }
    expect(revoked).toBe(300)
    expect([...refused].filter((code) => !['MC410', 'MC400', '23505', '40P01'].includes(code))).toEqual([])
    expect(refused).toContain('MC410')
    await Promise.all(operators.map((operator) => operator.close()))
  }, 120_000)
})

describe('login and the end of an account', () => {
  it('the login first: its session dies with the account', async () => {
    const auth = await asLogin(server, database, 'auth')
    await auth.rows('begin')
    await logIn(auth, people.ola.id)
    const gone = offboard(tool, people.ola.id)
    await somebodyWaits()
    await auth.rows('commit')
    await gone
    expect(await root.value('select status from meander.users where id = $1', [people.ola.id])).toBe(
      'deactivated',
    )
    await reinstate(people.ola.id)
  })

  it('the off-boarding first: the login waits and is refused', async () => {
    const [auth, kari] = [await asLogin(server, database, 'auth'), await asLogin(server, database, 'kari')]
    await kari.rows('begin')
    await kari.rows('select meander.offboard_users($1, $2, $3, null)', [[people.ola.id], ['left'], [null]])
    const refused = expect(logIn(auth, people.ola.id)).rejects.toMatchObject({ code: 'MC410' })
    await somebodyWaits()
    await kari.rows('commit')
    await refused
    await reinstate(people.ola.id)
  })

  it('in any order, a hundred times', async () => {
    const auths = await Promise.all([0, 1, 2].map(() => asLogin(server, database, 'auth')))
    for (let n = 0; n < 100; n++) {
      await Promise.all([
        ...auths.map(async (auth) => {
          await sleep(Math.random() * 5)
          await logIn(auth, people.mari.id).catch(({ code }) => expect(code).toBe('MC410'))
        }),
        sleep(Math.random() * 5).then(() => offboard(tool, people.mari.id)),
      ])
      expect(await leftovers()).toEqual([])
      await reinstate(people.mari.id)
    }
  }, 120_000)

  it('two org admins who off-board each other leave one', async () => {
    for (let n = 0; n < 10; n++) {
      await root.rows(`begin; set local session_replication_role = 'replica';
        update meander.users set status = 'active', deactivated_at = null where role = 'org_admin'; commit`)
      const other = await connectAs(server, database, 'races_liv').catch(async () => {
        await root.rows("create role races_liv login password 'correct horse'")
        await root.rows("select meander.add_operator('races_liv', $1, null)", [people.liv.id])
        return connectAs(server, database, 'races_liv')
      })
      await Promise.allSettled([offboard(tool, people.liv.id), offboard(other, people.kari.id)])
      expect(
        await root.value(
          "select count(*) from meander.users where organization_id = $1 and role = 'org_admin' and status = 'active'",
          [organizations.hlf],
        ),
      ).toBe('1')
      await other.close()
    }
    await root.rows(`begin; set local session_replication_role = 'replica';
      update meander.users set status = 'active', deactivated_at = null where role = 'org_admin'; commit`)
  })
})

describe('two at once', () => {
  it('revoke the same sessions in any order: one event each, and both succeed', async () => {
    const others = await Promise.all([0, 1, 2].map(() => connectAs(server, database, 'kari')))
    for (let n = 0; n < 20; n++) {
      const ids = (await seed(8)).map(({ id }) => id)
      const done = await Promise.all(
        others.map((other, index) => revoke(other, ...(index % 2 ? ids : ids.toReversed()))),
      )
      expect(done.reduce((sum, one) => sum + (one?.revoked ?? 0), 0)).toBe(8)
      expect(done.reduce((sum, one) => sum + (one?.alreadyRevoked ?? 0), 0)).toBe(16)
    }
    await Promise.all(others.map((other) => other.close()))
  }, 60_000)

  it('a logout and a revocation: one event', async () => {
    const auth = await asLogin(server, database, 'auth')
    for (let n = 0; n < 30; n++) {
      const [session] = (await seed()) as [SeededSession]
      await Promise.all([
        revoke(tool, session.id),
        auth.rows('select meander.end_session($1, $2)', [session.id, 'logout']),
      ])
    }
  })

  it('a lock held by somebody else is waited for five seconds, not for ever', async () => {
    const [session] = (await seed()) as [SeededSession]
    const kari = await asLogin(server, database, 'kari')
    await root.rows('begin')
    await root.rows('select from meander.sessions where id = $1 for update', [session.id])
    const begun = performance.now()
    await kari.fails('55P03', 'select meander.revoke_sessions($1, $2, null, null)', [[session.id], 'lost'])
    expect(performance.now() - begun).toBeLessThan(8000)
    await root.rows('rollback')
    expect(await tokenOf(session.id)).not.toBeNull()
  })
})
