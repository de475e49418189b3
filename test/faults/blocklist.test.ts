import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { livesOf, lostTokens } from '../support/both-stores.ts'
import { ended, leftOf } from '../support/left-of.ts'
import { peopledDatabase, type SeededSession, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { type PrivateRedis, startCluster, startRedis, startSentinel } from '../support/redis.ts'
import { run } from '../support/run.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/**
 * What really happens to Redis, while an operator revokes: the revocation is committed in under three seconds, the
 * exit code and the list of usable tokens are true, and afterwards both stores are made equal again.
 */

const server = postgresAt(inject('postgres'))
let database: string
let env: Record<string, string | undefined>

const as = (login: string, ...argv: string[]) => run(server, database, login, argv, { env })
const seed = async (chain = 3): Promise<SeededSession> => {
  const [session] = await seedSessions(server, database, [{ person: 'mari', chain }])
  return session as SeededSession
}

interface Revoked {
  readonly code: number
  /** Listed as usable. */
  readonly residual: readonly string[]
  readonly published: number
  readonly stderr: string
}
/** Revokes, and holds what must be true whatever Redis does. */
const revoke = async (session: SeededSession): Promise<Revoked> => {
  const [{ at: began }] = (await server.query<{ at: number }>(
    'select extract(epoch from clock_timestamp())::float8 as at',
  )) as [{ at: number }]
  const argv = ['sessions', 'revoke', session.id, '--reason', 'lost', '--yes', '-o', 'json']
  const ran = await as('kari', ...argv)
  const [committed] = await server.query<{ took: number }>(
    'select extract(epoch from revoked_at)::float8 - $2::float8 as took from meander.sessions where id = $1',
    [session.id, began],
    database,
  )
  expect(committed?.took).toBeLessThan(3)
  expect(await leftOf(server, database, session.id)).toEqual(ended('lost'))
  const { residualAccess, blocklist } = ran.json<{
    residualAccess: { jti: string; sessionId: string }[]
    blocklist: { published: number; pending: number }
  }>()
  const pending = await server.query<{ jti: string }>(
    'select jti from meander.token_blocklist where session_id = $1 and published_at is null order by expires_at',
    [session.id],
    database,
  )
  const residual = residualAccess.map(({ jti }) => jti)
  expect(residual).toEqual(pending.map(({ jti }) => jti))
  expect(blocklist).toMatchObject({ pending: residual.length })
  expect(ran.code).toBe(residual.length > 0 ? 8 : 0)
  return { code: ran.code, residual, published: blocklist.published, stderr: ran.stderr }
}
/** Whoever is told to, mends; then every token is in Redis for as long as it lives. */
const expectEqual = async (masters: readonly PrivateRedis[], ...command: string[]) => {
  const ran = await as('publisher', 'blocklist', ...command)
  expect(ran.code, ran.stderr).toBe(0)
  const { live, lost } = await lostTokens(server, database, masters)
  expect({ lost, some: live > 0 }).toEqual({ lost: [], some: true })
  expect((await as('publisher', 'blocklist', 'status')).code).toBe(0)
}

beforeAll(async () => {
  database = await peopledDatabase(server)
})
const forget = () =>
  server.query(
    `set session_replication_role = 'replica'; delete from meander.token_blocklist;
     delete from meander.refresh_tokens; delete from meander.sessions;
     update meander.installation set redis_run_ids = '{}'`,
    [],
    database,
  )

describe('a Redis of its own', () => {
  let redis: PrivateRedis
  let proxy: TcpProxy
  let before: SeededSession
  beforeAll(async () => {
    redis = await startRedis()
    proxy = await startProxy(redis)
  })
  afterAll(async () => {
    await proxy.close()
    await redis.stop()
  })
  beforeEach(async () => {
    await redis.cli('flushall')
    await forget()
    env = { REDIS_URL: redis.url }
    before = await seed()
    expect((await revoke(before)).code).toBe(0)
    expect((await as('publisher', 'blocklist', 'rebuild')).code).toBe(0)
  })
  afterEach(() => {
    proxy.onResponse = null
    proxy.heal()
  })

  it.each<[name: string, harm: () => unknown, mend: () => unknown, recover: string]>([
    ['killed', () => redis.kill(), () => redis.restart(), 'sync'],
    ['paused', () => redis.pause(), () => redis.resume(), 'sync'],
    [
      'out of memory',
      () => redis.cli('config', 'set', 'maxmemory', '1'),
      () => redis.cli('config', 'set', 'maxmemory', '0'),
      'sync',
    ],
    [
      'read-only',
      () => redis.cli('replicaof', '127.0.0.1', '1'),
      () => redis.cli('replicaof', 'no', 'one'),
      'rebuild',
    ],
    [
      'behind a proxy that swallows replies',
      () => {
        env = { REDIS_URL: `redis://${proxy.host}:${proxy.port}` }
        let greeted = false
        proxy.onResponse = (bytes) => {
          // The answer to INFO still comes, those to all else do not.
          if (greeted && !bytes.includes('redis_version')) return 'drop'
          greeted = true
          return 'pass'
        }
      },
      () => {
        proxy.onResponse = null
      },
      'sync',
    ],
    [
      'behind a wire that breaks',
      () => {
        env = { REDIS_URL: `redis://${proxy.host}:${proxy.port}` }
        proxy.cut({ refuse: true })
      },
      () => proxy.heal(),
      'sync',
    ],
  ])(
    '%s: 8, all that is usable is listed, and afterwards both stores are equal',
    async (_, harm, mend, recover) => {
      const session = await seed()
      await harm()
      const { code, residual } = await revoke(session).finally(mend)
      expect(code).toBe(8)
      expect(residual).toEqual(session.jtis)
      await expectEqual([redis], recover)
    },
  )

  it.each([
    ['flushed, then sync', () => redis.cli('flushall'), 'sync'],
    ['flushed, then rebuild', () => redis.cli('flushall'), 'rebuild'],
    ['restarted empty, then sync', () => redis.restart(), 'sync'],
    ['restarted empty, then rebuild', () => redis.restart(), 'rebuild'],
  ])(
    '%s: the own tokens come back with the command, everybody’s when the publisher’s turn comes',
    async (_, harm, recover) => {
      const [foreign] = (await seedSessions(server, database, [{ person: 'per' }])) as [SeededSession]
      const argv = ['sessions', 'revoke', foreign.id, '--reason', 'lost', '--yes']
      expect((await as('nils', ...argv)).code).toBe(0)
      await harm()
      const session = await seed()
      const { code, stderr } = await revoke(session)
      expect(code).toBe(0)
      expect(stderr).toContain('Redis had lost 3 blocked access tokens within your reach: blocked again.')
      expect((await lostTokens(server, database, [redis])).lost).toEqual(foreign.jtis)
      await expectEqual([redis], recover)
    },
  )

  it('restarted from an old snapshot, with its canary: the run id tells', async () => {
    await redis.cli('save')
    const session = await seed()
    expect((await revoke(session)).code).toBe(0)
    await redis.kill()
    await redis.restart({ keep: true })
    expect((await lostTokens(server, database, [redis])).lost.sort()).toEqual([...session.jtis].sort())
    await expectEqual([redis], 'sync')
  })

  it('a token that Redis refuses stops no other, however many are pending before it', async () => {
    const many = await seed(1)
    await server.query(
      `set session_replication_role = 'replica';
       insert into meander.token_blocklist (jti, session_id, organization_id, expires_at)
       select format('%s-0000-4000-8000-%s', case when n <= 6000 then '0badbad0' else '00000000' end, lpad(n::text, 12, '0'))::uuid,
         '${many.id}', '11111111-0000-4000-8000-000000000000', now() + interval '10 minutes' + n * interval '1 millisecond'
       from generate_series(1, 6500) n`,
      [],
      database,
    )
    // The ACL refuses the first 6,000, one by one.
    const good = `~meander:blocklist:canary ${['[1-9a-f]*', '0[0-9ac-f]*', '0b[0-9b-f]*'].map((glob) => `~meander:blocklist:jti:${glob}`).join(' ')}`
    await redis.cli('acl', 'setuser', 'picky', 'on', '>tiny-secret', ...good.split(' '), '+@all')
    env = { REDIS_URL: redis.url, REDIS_USERNAME: 'picky', REDIS_PASSWORD: 'tiny-secret' }
    const ran = await as('publisher', 'blocklist', 'sync', '-o', 'json')
    expect(ran.code).toBe(8)
    const { item } = ran.json<{
      item: { published: number; pending: number; failed: { message: string }[] }
    }>()
    expect(item).toMatchObject({ published: 500, pending: 6000 })
    expect(item.failed[0]?.message).toContain('NOPERM')
    // Nor does it keep an operator's own from being told.
    const session = await seed()
    const { code, published } = await revoke(session)
    expect({ code, published }).toEqual({ code: 0, published: 3 })
    env = { REDIS_URL: redis.url }
    await expectEqual([redis], 'sync')
  })

  it('a second publish, a late one and ten at once never shorten an expiry', async () => {
    const session = await seed(6)
    expect((await revoke(session)).code).toBe(0)
    const longer = 40 * 60_000
    await redis.cli('pexpire', `meander:blocklist:jti:${session.jtis[0]}`, String(longer))
    const [first, ...others] = await Promise.all([
      livesOf([redis], session.jtis),
      ...Array.from({ length: 10 }, async (_, n) => {
        await server.query('update meander.token_blocklist set published_at = null', [], database)
        const login = ['publisher', 'admin', 'kari'][n % 3] ?? ''
        return (await as(login, 'blocklist', n % 2 ? 'sync' : 'rebuild')).code
      }),
    ])
    // 8 is who found tokens in the hands of another.
    expect(others.filter((code) => code !== 0 && code !== 8)).toEqual([])
    const after = await livesOf([redis], session.jtis)
    for (const jti of session.jtis) {
      expect(after.get(jti)).toBeGreaterThan((first.get(jti) ?? 0) - 60_000)
      expect(after.get(jti)).toBeLessThanOrEqual(first.get(jti) ?? 0)
    }
    expect(after.get(session.jtis[0] ?? '')).toBeGreaterThan(longer - 60_000)
  })
})

it('failed over by Sentinel, with the last writes lost: equal again', async () => {
  await forget()
  const group = await startSentinel()
  try {
    env = {
      REDIS_SENTINELS: `${group.sentinel.host}:${group.sentinel.port}`,
      REDIS_SENTINEL_NAME: group.name,
    }
    expect((await revoke(await seed())).code).toBe(0)
    await expectEqual([group.master], 'rebuild')
    // The replica misses what is written from here on, and has the canary.
    await group.replica.cli('save')
    await group.replica.kill()
    const lost = await seed()
    expect((await revoke(lost)).code).toBe(0)
    await group.master.kill()
    await group.replica.restart({ keep: true })
    const during = await seed()
    const { code, residual } = await revoke(during)
    expect({ code, residual }).toEqual({ code: 8, residual: during.jtis })
    await group.failedOver()
    expect((await lostTokens(server, database, [group.replica])).lost).toEqual(
      expect.arrayContaining([...lost.jtis, ...during.jtis]),
    )
    await expectEqual([group.replica], 'sync')
  } finally {
    await group.stop()
  }
})

it('a Cluster that lost a node: what the others serve is blocked, the rest is listed', async () => {
  await forget()
  const cluster = await startCluster({ args: ['--cluster-require-full-coverage', 'no'] })
  try {
    env = { REDIS_CLUSTER_NODES: cluster.nodes.map(({ host, port }) => `${host}:${port}`).join() }
    expect((await revoke(await seed(12))).code).toBe(0)
    await expectEqual(cluster.nodes, 'rebuild')
    const [dead, ...living] = cluster.nodes as [PrivateRedis, ...PrivateRedis[]]
    await dead.kill()
    const session = await seed(14)
    const { code, residual } = await revoke(session)
    expect(code).toBe(8)
    const lives = await livesOf(living, session.jtis)
    expect([...residual].sort()).toEqual(session.jtis.filter((jti) => lives.get(jti) === -2).sort())
    expect(residual.length).toBeGreaterThan(0)
    expect(residual.length).toBeLessThan(session.jtis.length)
    await dead.restart()
    await expect
      .poll(async () => (await as('publisher', 'blocklist', 'sync')).code, { timeout: 20_000 })
      .toBe(0)
    await expectEqual(cluster.nodes, 'rebuild')
  } finally {
    await cluster.stop()
  }
})
