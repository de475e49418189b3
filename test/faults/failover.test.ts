import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { password } from '../support/as-login.ts'
import { everythingOf } from '../support/bystanders.ts'
import { createTemplate, peopledDatabase, seedSessions } from '../support/people.ts'
import type { PostgresAddress } from '../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../support/redis.ts'
import { type Replicas, startReplicas } from '../support/replicas.ts'
import { type Ran, run } from '../support/run.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import {
  chainBreaks,
  endedOnce,
  listOf,
  ownFolder,
  readReport,
  seedCrowd,
  stateOf,
} from '../support/users.ts'

/** `npm run soak` loses the primary 100 times; here it is enough to see that it can be survived. */
const soak = process.env.MEANDERCTL_SOAK !== undefined
const cuts = soak ? 100 : 3
const patience = 240_000

type Place = Pick<PostgresAddress, 'host' | 'port'>

const folder = ownFolder()
const ways: TcpProxy[] = []
let pair: Replicas
let redis: PrivateRedis
let database: string
let bystanders: string

beforeAll(async () => {
  ;[pair, redis] = await Promise.all([
    startReplicas(async (primary) => {
      await createTemplate(primary)
      database = await peopledDatabase(primary)
      await seedCrowd(primary, database, 'foreign', 3, { organization: 'nhf' })
    }),
    startRedis(),
  ])
  bystanders = await everythingOf(pair.primary, database, 'nhf')
})
afterEach(async () => {
  for (const way of ways.splice(0)) await way.close()
  pair.wire.resume()
  await pair.renew()
})
afterAll(async () => {
  expect(await everythingOf(pair.primary, database, 'nhf')).toBe(bystanders)
  folder.remove()
  await Promise.all([pair.stop(), redis.stop()])
})

const placesOf = (places: readonly Place[]) => places.map(({ host, port }) => `${host}:${port}`).join(',')
const tool = (
  argv: readonly string[],
  places: readonly Place[] = [pair.primary, pair.standby],
  { login = 'kari', attributes = 'read-write' } = {},
): Promise<Ran> =>
  run(pair.primary, database, login, argv, {
    redis: redis.url,
    env: {
      DATABASE_URL: `postgresql://${login}:${encodeURIComponent(password)}@${placesOf(places)}/${database}?target_session_attrs=${attributes}`,
    },
  })
const revoke = (id: string, ...more: string[]) => [
  ...['sessions', 'revoke', id, '--yes', '--reason', 'lost phone', '-o', 'json'],
  ...more,
]
const revokedOf = (ran: Ran) => ran.json<{ summary: { revoked: number } }>().summary.revoked

const seeded = async (count: number): Promise<string[]> => {
  const seeds = Array.from({ length: count }, () => ({ person: 'ola' }) as const)
  const ids = (await seedSessions(pair.primary, database, seeds)).map(({ id }) => id)
  await pair.caughtUp()
  return ids
}
/** Of these sessions those that have ended there, each of them whole and once on the record. */
const endedAt = async (server: Replicas['primary'], ids: readonly string[]): Promise<string[]> => {
  const rows = await server.query<{ id: string; live: number; events: number }>(
    `select s.id, (select count(*)::int from meander.refresh_tokens t where t.session_id = s.id and t.revoked_at is null
         and t.rotated_at is null) as live,
       (select count(*)::int from meander.audit_log a where a.target_id = s.id::text and a.action = 'session.revoked') as events
     from meander.sessions s where s.id = any ($1) and s.revoked_at is not null`,
    [ids],
    database,
  )
  for (const { live, events } of rows) expect({ live, events }).toEqual({ live: 0, events: 1 })
  return rows.map(({ id }) => id)
}

const isCommit = (bytes: Buffer) => bytes[0] === 0x51 && bytes.toString('latin1', 5).startsWith('commit')
/** A way on which the answer to the first COMMIT is lost, and the way with it. */
const losing = async (server: Place): Promise<TcpProxy & { readonly lost: Promise<void> }> => {
  const way = await startProxy(server)
  ways.push(way)
  let committing = false
  way.onRequest = (bytes) => {
    committing ||= isCommit(bytes)
    return 'pass'
  }
  const lost = new Promise<void>((resolve) => {
    way.onResponse = () => {
      if (!committing) return 'pass'
      way.cut({ refuse: true })
      resolve()
      return 'drop'
    }
  })
  return Object.assign(way, { lost })
}
const numberOf = async (server: Replicas['primary']): Promise<bigint> => {
  const [row] = await server.query<{ xid: string }>('select pg_current_xact_id()::text as xid')
  return BigInt(row?.xid ?? 0)
}
/** Waits until as many commands wait for the standby. */
const waiting = async (count: number): Promise<void> => {
  const text = `select count(*)::int as held from pg_stat_activity where wait_event = 'SyncRep'`
  for (let tries = 0; tries < 3000; tries++) {
    const [row] = await pair.primary.query<{ held: number }>(text)
    if (row?.held === count) return
    await sleep(10)
  }
  throw new Error('nobody waits for the standby')
}

describe('an act that the standby does not have when it takes over', () => {
  it(
    'is not taken for done because another transaction has its number there',
    async () => {
      const [plain = '', named = ''] = await seeded(2)
      const crowd = await seedCrowd(pair.primary, database, 'renumbered', 1)
      await pair.caughtUp()
      pair.wire.pause('to client')
      const [one, two, three, late] = [
        await losing(pair.primary),
        await losing(pair.primary),
        await losing(pair.primary),
        await startProxy(pair.standby),
      ]
      ways.push(late)
      late.cut({ refuse: true })
      const id = randomUUID()
      const running = [
        tool(revoke(plain), [one, late]),
        tool(revoke(named, '--request-id', id), [two, late]),
        tool(['users', 'offboard', ...crowd.emails, '--yes', '--reason', 'left'], [three, late]),
      ]
      await Promise.all([one.lost, two.lost, three.lost])
      expect(await endedAt(pair.primary, [plain, named])).toHaveLength(2)
      const used = await numberOf(pair.primary)
      const heir = await pair.failOver()
      while ((await numberOf(heir)) < used);
      late.heal()
      const [first, second, third] = await Promise.all(running)
      expect(first).toMatchObject({ code: 10, stderr: expect.stringContaining('has taken over') })
      expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing was changed') })
      expect(third?.code).toBe(10)
      expect(await endedAt(heir, [plain, named])).toEqual([])
      expect(await stateOf(heir, database, crowd)).toMatchObject({ active: 1, sessions: 1 })

      const again = await tool(revoke(named, '--request-id', id), [heir])
      expect([again.code, revokedOf(again)]).toEqual([0, 1])
      expect((await tool(revoke(plain), [heir])).code).toBe(0)
    },
    patience,
  )

  it(
    'is reported as not done, where its COMMIT waited for that standby',
    async () => {
      await pair.synchronous(true)
      const [session = ''] = await seeded(1)
      pair.wire.pause('to client')
      const running = tool(revoke(session))
      await waiting(1)
      const heir = await pair.failOver()
      const ran = await running
      expect([1, 10]).toContain(ran.code)
      expect(await endedAt(heir, [session])).toEqual([])
      expect((await tool(revoke(session), [heir])).code).toBe(0)
    },
    patience,
  )

  it(
    'was answered before, where no COMMIT waits: doctor warns of it, and the same request does it anew',
    async () => {
      const doctor = await tool(['doctor', '-o', 'json'])
      expect(doctor.json<{ items: { name: string; state: string; fix: string }[] }>().items).toContainEqual(
        expect.objectContaining({
          name: 'standbys',
          state: 'warning',
          fix: expect.stringContaining('synchronous'),
        }),
      )
      const [session = ''] = await seeded(1)
      pair.wire.pause('to client')
      const argv = revoke(session, '--request-id', randomUUID())
      expect((await tool(argv)).code).toBe(0)
      const heir = await pair.failOver()
      expect(await endedAt(heir, [session])).toEqual([])
      const again = await tool(argv, [heir])
      expect([again.code, revokedOf(again)]).toEqual([0, 1])
      expect(await endedAt(heir, [session])).toEqual([session])
    },
    patience,
  )
})

describe('a synchronous standby that does not confirm', () => {
  it(
    'is waited for as long as --timeout says: 10, committed and not yet safe',
    async () => {
      await pair.synchronous(true)
      const doctor = await tool(['doctor', '-o', 'json'])
      expect(doctor.json<{ items: { name: string; state: string }[] }>().items).toContainEqual(
        expect.objectContaining({ name: 'standbys', state: 'ok' }),
      )
      const [session = ''] = await seeded(1)
      pair.wire.pause('to client')
      const ran = await tool(revoke(session, '--timeout', '2s'))
      expect(ran).toMatchObject({ code: 10 })
      expect(ran.error().message).toMatch(/Committed at .*, but no synchronous standby has confirmed it/)
      pair.wire.resume()
      expect((await tool(revoke(session))).code).toBe(0)
      expect(await endedAt(pair.primary, [session])).toEqual([session])
    },
    patience,
  )
})

describe('the primary is lost at random moments', () => {
  it(
    `${cuts} times: what the codes say is so, and the same command afterwards does the rest, once`,
    async () => {
      const codes: Record<string, number> = {}
      let usual = 0
      let lost = 0
      // The first time nobody is lost: that is how long it takes.
      for (let cut = 0; cut <= cuts; cut++) {
        const synchronous = cut % 2 === 0
        await pair.synchronous(synchronous)
        const crowd = await seedCrowd(pair.primary, database, `cut${cut}`, 40)
        const sessions = await seeded(4)
        const orders = sessions.map((id, n) =>
          revoke(id, ...(n % 2 === 0 ? [] : ['--request-id', randomUUID()])),
        )
        const list = folder.saved(listOf(crowd.emails))
        // One that was lost before it could begin writes none.
        const report = folder.path(`report-${cut}.csv`)
        const offboard = [
          'users',
          'offboard',
          '--file',
          list,
          '--report',
          report,
          '--reason',
          'left',
          '--yes',
        ]
        const began = performance.now()
        const running = Promise.all([...orders, [...offboard, '--batch-size', '4']].map((argv) => tool(argv)))
        if (cut === 0) {
          for (const { code, stderr } of await running) expect(code, stderr).toBe(0)
          usual = performance.now() - began
          continue
        }
        await sleep(Math.random() * usual)
        const heir = await pair.failOver()
        const ran = await running
        const ended = await endedAt(heir, sessions)
        for (const [n, { code, stderr }] of ran.slice(0, -1).entries()) {
          const kind = `${synchronous ? 'synchronous' : 'asynchronous'} ${code}`
          codes[kind] = (codes[kind] ?? 0) + 1
          const done = ended.includes(sessions[n] ?? '')
          expect([0, 1, 8, 10]).toContain(code)
          if ((code === 0 || code === 8) && !done) {
            expect(synchronous, stderr).toBe(false)
            lost += 1
          }
          if (code === 1) expect(done, stderr).toBe(false)
        }
        const { active = 0 } = (await stateOf(heir, database, crowd)) ?? {}
        const rows = existsSync(report) ? readReport(report) : []
        const said = rows.filter(({ outcome }) => outcome === 'offboarded').length
        if (synchronous) expect(said).toBeLessThanOrEqual(40 - active)
        if (ran.at(-1)?.code === 1 && synchronous) expect(said).toBe(40 - active)

        for (const [n, argv] of orders.entries()) {
          const again = await tool(argv, [heir])
          expect(again.code, again.stderr).toBe(0)
          // With its request id an act answers again what it answered first.
          if (n % 2 === 1) expect(revokedOf(again)).toBe(1)
        }
        expect((await tool(offboard, [heir])).code).toBe(0)
        expect((await endedAt(heir, sessions)).sort()).toEqual([...sessions].sort())
        expect(await stateOf(heir, database, crowd)).toEqual(endedOnce(40))
        expect(await chainBreaks(heir, database, 'hlf')).toBe(0)
        await pair.renew()
      }
      if (soak) process.stdout.write(`${cuts} failovers: ${JSON.stringify({ codes, lost })}\n`)
    },
    soak ? 3_600_000 : patience,
  )
})

describe('a standby', () => {
  it(
    'may be asked, where reading is no act: lists, counts, the record',
    async () => {
      const [session = ''] = await seeded(1)
      const from = (...argv: string[]) =>
        tool([...argv, '-o', 'json'], [pair.primary, pair.standby], { attributes: 'prefer-standby' })
      expect((await from('sessions', 'list')).stdout).toContain(session)
      for (const argv of [
        ['sessions', 'show', session],
        ['sessions', 'stats'],
        ['users', 'list'],
        ['users', 'show', 'ola@hlf.example'],
        ['grants', 'list'],
        ['audit', 'list'],
        ['audit', 'verify'],
        ['trace', session],
        ['whoami'],
      ]) {
        const ran = await from(...argv)
        expect([argv.join(' '), ran.code, ran.stderr]).toEqual([argv.join(' '), 0, expect.any(String)])
      }
    },
    patience,
  )

  it.each([
    ['an act', 'kari', ['sessions', 'revoke', '', '--yes', '--reason', 'lost'], /is read-only/],
    ['a proof', 'kari', ['users', 'verify', 'ola@hlf.example'], /a standby proves nothing/],
    ['reading under a grant, which goes on the record first', 'gro', ['sessions', 'list'], /is read-only/],
  ])(
    'refuses %s: 1, and says where to go',
    async (_, login, argv, why) => {
      const [session = ''] = await seeded(1)
      const standby = [pair.standby]
      const named = argv.map((word) => word || session)
      const ran = await tool([...named, '-o', 'json'], standby, { login, attributes: 'any' })
      expect(ran.code).toBe(1)
      expect(ran.error().message).toMatch(why)
      expect(ran.error().hint).toContain('PGTARGETSESSIONATTRS=read-write')
      expect(await endedAt(pair.primary, [session])).toEqual([])
    },
    patience,
  )

  it(
    'is passed by on the way to the primary; without a primary each host is named, and why',
    async () => {
      expect((await tool(['whoami'], [pair.standby, pair.primary])).code).toBe(0)
      const ran = await tool(['whoami', '-o', 'json'], [pair.standby, { host: '127.0.0.1', port: 1 }])
      expect(ran.code).toBe(1)
      expect(ran.error().message).toMatch(
        /None of the 2 hosts can be used: .* is a standby, not read-write; Nothing listens at 127\.0\.0\.1:1/,
      )
    },
    patience,
  )
})
