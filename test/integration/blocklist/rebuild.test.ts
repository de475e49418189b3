import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { openBlocklistStore } from '../../../src/redis/open.ts'
import { fill } from '../../../src/service/blocklist/publishing.ts'
import { connectAs } from '../../support/as-login.ts'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../../support/redis.ts'
import { run } from '../../support/run.ts'
import { single } from '../redis/settings.ts'

const server = postgresAt(inject('postgres'))
let database: string
let redis: PrivateRedis
let s: NamedSessions<'hlf' | 'late' | 'nhf'>

const prefix = 'meander:blocklist:'
const as = (login: string, ...argv: string[]) => run(server, database, login, argv, { redis: redis.url })
const itemOf = async (login: string, ...argv: string[]) => {
  const ran = await as(login, 'blocklist', ...argv, '-o', 'json')
  return { code: ran.code, item: ran.json<{ item: Record<string, unknown> }>().item, stderr: ran.stderr }
}
const revoke = (login: string, id: string, ...argv: string[]) =>
  as(login, 'sessions', 'revoke', id, '--reason', 'lost', '--yes', ...argv)
const inRedis = async () => {
  const keys = (await redis.cli('keys', `${prefix}*`)).split('\n').filter(Boolean)
  return keys.map((key) => key.replace(prefix, '').replace('jti:', '')).sort()
}
const drift = { compared: 0, missing: 0, short: 0, endless: 0 }

beforeAll(async () => {
  ;[database, redis] = await Promise.all([peopledDatabase(server), startRedis()])
})
afterAll(() => redis.stop())

/** Two organizations with revoked sessions that Redis knows, and a Redis that somebody then empties. */
beforeEach(async () => {
  await redis.cli('flushall')
  await server.query(
    `set session_replication_role = 'replica'; delete from meander.token_blocklist;
     delete from meander.refresh_tokens; delete from meander.sessions;
     update meander.installation set redis_run_ids = '{}'`,
    [],
    database,
  )
  s = await seedNamed(server, database, {
    hlf: { person: 'mari', chain: 3 },
    late: { person: 'ola', chain: 2 },
    nhf: { person: 'per' },
  })
  expect((await revoke('kari', s.id.hlf)).code).toBe(0)
  expect((await revoke('nils', s.id.nhf)).code).toBe(0)
})
const everything = () => [...s.jtis.hlf, ...s.jtis.nhf]

describe('rebuild', () => {
  it.each(['publisher', 'admin'])('%s puts back everybody’s, and says that it is whole', async (login) => {
    await redis.cli('flushall')
    expect(await itemOf(login, 'rebuild')).toMatchObject({
      code: 0,
      item: { everywhere: true, live: 4, restored: 4, published: 0, pending: 0, failed: [], equal: true },
    })
    expect(await inRedis()).toEqual([...everything(), 'canary'].sort())
    expect(await itemOf(login, 'status')).toMatchObject({
      code: 0,
      item: { drift: { ...drift, compared: 4, keys: 4, unknown: 0, named: [] }, redis: { ok: true } },
    })
    // What is there already is left as it is.
    expect(await itemOf(login, 'rebuild')).toMatchObject({ code: 0, item: { restored: 0, equal: true } })
  })

  it('an operator puts back what is within reach, and leaves no canary', async () => {
    await redis.cli('flushall')
    expect(await itemOf('kari', 'rebuild')).toMatchObject({
      code: 0,
      item: { everywhere: false, live: 3, restored: 3, equal: true, drift: { compared: 3, keys: null } },
    })
    expect(await inRedis()).toEqual([...s.jtis.hlf].sort())
  })

  it('an auditor, who may publish nothing, puts nothing back and is told what is missing', async () => {
    await redis.cli('flushall')
    expect(await itemOf('ada', 'rebuild')).toMatchObject({
      code: 8,
      item: { live: 3, restored: 0, equal: false, drift: { missing: 3 } },
    })
    expect(await inRedis()).toEqual([])
  })

  it('publishes what was pending too, and never shortens an expiry', async () => {
    const [first = ''] = s.jtis.hlf
    await redis.cli('pexpire', `${prefix}jti:${first}`, '99999999')
    await server.query(`update meander.token_blocklist set published_at = null`, [], database)
    expect(await itemOf('publisher', 'rebuild')).toMatchObject({
      code: 0,
      item: { published: 4, restored: 0, pending: 0, equal: true },
    })
    expect(Number(await redis.cli('pttl', `${prefix}jti:${first}`))).toBeGreaterThan(90_000_000)
  })

  it('goes page by page: thousands, of which some have ended', async () => {
    await server.query(
      `set session_replication_role = 'replica';
       insert into meander.token_blocklist (jti, session_id, organization_id, expires_at, published_at)
       select gen_random_uuid(), '${s.id.hlf}', '11111111-0000-4000-8000-000000000000',
         now() + case when n % 100 = 0 then interval '-1 minute' else interval '10 minutes' end
           + (n / 7) * interval '1 microsecond', now()
       from generate_series(1, 12000) n`,
      [],
      database,
    )
    await redis.cli('flushall')
    expect(await itemOf('admin', 'rebuild')).toMatchObject({
      code: 0,
      item: { live: 11_884, restored: 11_884, equal: true },
    })
    expect(await redis.cli('dbsize')).toBe('11885')
  })

  it.each([1, 2])('survives that somebody empties Redis in the middle of it, %i times', async (times) => {
    const [database_, store] = [
      await connectAs(server, database, 'publisher'),
      openBlocklistStore(single(redis)),
    ]
    try {
      let left = times
      const harmed = {
        ...store,
        // Everything is written, and the canary is not yet: nothing but the comparison can tell.
        seal: async () => {
          if (left-- > 0) await redis.cli('flushall')
          await store.seal()
        },
      }
      const filled = await fill(database_, harmed, { everywhere: true })
      expect(filled).toMatchObject({
        live: 4,
        restored: 4 * times,
        failed: [],
        drift: { missing: 0, short: 0 },
      })
      expect(await inRedis()).toEqual([...everything(), 'canary'].sort())
    } finally {
      await Promise.all([database_.close(), store.close()])
    }
  })

  it('a Redis that is away, or full, is 8 with the cause', async () => {
    const dead = await run(server, database, 'admin', ['blocklist', 'rebuild', '-o', 'json'], {
      redis: 'redis://127.0.0.1:1',
    })
    expect(dead).toMatchObject({ code: 8, stderr: expect.stringContaining('nothing listens there') })
    await redis.cli('flushall')
    await redis.cli('config', 'set', 'maxmemory', '1')
    const full = await itemOf('admin', 'rebuild').finally(() => redis.cli('config', 'set', 'maxmemory', '0'))
    expect(full).toMatchObject({ code: 8, item: { equal: false, drift: { missing: 4 } } })
    expect((full.item.failed as object[]).length).toBe(4)
    expect(full.stderr).toContain('Redis does not know 4 blocked access tokens yet')
    expect(full.stderr).toContain('OOM')
  })

  it('without a Redis is 2, a login that is nobody 4', async () => {
    expect((await run(server, database, 'admin', ['blocklist', 'rebuild'])).code).toBe(2)
    expect((await as('stranger', 'blocklist', 'rebuild')).code).toBe(4)
  })
})

describe('status', () => {
  it.each([
    ['missing', () => redis.cli('del', `${prefix}jti:${s.jtis.hlf[1]}`)],
    ['short', () => redis.cli('pexpire', `${prefix}jti:${s.jtis.hlf[1]}`, '30000')],
    ['endless', () => redis.cli('persist', `${prefix}jti:${s.jtis.hlf[1]}`)],
  ] as const)('finds a token that is %s, whoever reaches it, and names it', async (problem, harm) => {
    await harm()
    for (const login of ['kari', 'ada', 'admin', 'publisher']) {
      expect(await itemOf(login, 'status')).toMatchObject({
        code: 7,
        item: {
          drift: {
            ...drift,
            compared: expect.any(Number),
            [problem]: 1,
            named: [{ jti: s.jtis.hlf[1], problem }],
          },
        },
      })
    }
    expect((await as('kari', 'blocklist', 'status')).stdout).toContain(s.jtis.hlf[1])
    expect(await itemOf('nils', 'status')).toMatchObject({ item: { drift: { ...drift, compared: 1 } } })
  })

  it('finds keys that PostgreSQL does not know: for who sees all; an operator is told of no foreign key', async () => {
    await as('admin', 'blocklist', 'rebuild')
    await redis.cli('set', `${prefix}jti:8e5f0a9c-3a55-4b6f-8a9b-0123456789ab`, 'x', 'PX', '600000')
    await redis.cli('set', `${prefix}jti:no-id`, 'x', 'PX', '600000')
    for (const login of ['admin', 'publisher']) {
      const { code, item } = await itemOf(login, 'status')
      expect({ code, item }).toMatchObject({
        code: 7,
        item: { drift: { ...drift, compared: 4, keys: 6, unknown: 2 } },
      })
      expect(await itemOf(login, 'rebuild')).toMatchObject({
        code: 0,
        item: { equal: false },
        stderr: expect.stringContaining('2 keys of Redis are unknown to PostgreSQL'),
      })
    }
    const { code, item } = await itemOf('kari', 'status')
    expect({ code, item }).toMatchObject({
      code: 0,
      item: { drift: { compared: 3, keys: null, unknown: null } },
    })
    expect(JSON.stringify(item)).not.toContain('8e5f0a9c')
  })

  it('tells the clocks apart', async () => {
    const { item } = await itemOf('kari', 'status')
    expect(Math.abs(Number(item.clockDifferenceMs))).toBeLessThan(2_000)
  })
})

describe('a Redis that was emptied', () => {
  it('is noticed by the next command, which puts back what is within reach and says so', async () => {
    await redis.cli('flushall')
    const ran = await revoke('kari', s.id.late, '-o', 'json')
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({ blocklist: { published: 2, pending: 0 }, residualAccess: [] })
    expect(ran.stderr).toContain('Redis had lost 3 blocked access tokens within your reach: blocked again.')
    expect(await inRedis()).toEqual([...s.jtis.hlf, ...s.jtis.late].sort())
    expect(await itemOf('kari', 'status')).toMatchObject({ code: 0 })
    expect(await itemOf('nils', 'status')).toMatchObject({ code: 7, item: { drift: { missing: 1 } } })
  })

  it('revoking again what ended before blocks it again', async () => {
    await redis.cli('flushall')
    expect((await revoke('kari', s.id.hlf)).code).toBe(0)
    expect(await inRedis()).toEqual([...s.jtis.hlf].sort())
  })

  it('and full: revoking again is 8, and lists what is usable', async () => {
    await redis.cli('flushall')
    await redis.cli('config', 'set', 'maxmemory', '1')
    const ran = await revoke('kari', s.id.hlf, '-o', 'json').finally(() =>
      redis.cli('config', 'set', 'maxmemory', '0'),
    )
    expect(ran.code).toBe(8)
    const { residualAccess, blocklist } = ran.json<{ residualAccess: { jti: string }[]; blocklist: object }>()
    expect(residualAccess.map(({ jti }) => jti).sort()).toEqual([...s.jtis.hlf].sort())
    expect(blocklist).toEqual({ mode: 'redis', published: 0, pending: 3 })
  })

  it('is filled by a sync though nothing is pending, or by a restart of Redis', async () => {
    await redis.cli('flushall')
    expect(await itemOf('publisher', 'sync')).toMatchObject({ code: 0, item: { published: 0, restored: 4 } })
    expect(await inRedis()).toEqual([...everything(), 'canary'].sort())
    expect(await itemOf('publisher', 'sync')).toMatchObject({ code: 0, item: { published: 0, restored: 0 } })
    // With its canary, but without what was written last: as a replica that became the master.
    await redis.cli('del', `${prefix}jti:${s.jtis.nhf[0]}`)
    await redis.restart({ keep: true })
    expect(await itemOf('publisher', 'sync')).toMatchObject({ code: 0, item: { published: 0, restored: 1 } })
  })
})
