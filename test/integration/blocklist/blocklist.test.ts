import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../../support/redis.ts'
import { type RunOptions, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
let database: string
let redis: PrivateRedis
let s: NamedSessions<'hlf' | 'nhf' | 'alive'>

const as = (login: string, argv: readonly string[], options: RunOptions = { redis: redis.url }) =>
  run(server, database, login, ['blocklist', ...argv], options)
const itemOf = async (login: string, argv: readonly string[], options?: RunOptions) => {
  const ran = await as(login, [...argv, '-o', 'json'], options)
  const { kind, item } = ran.json<{ kind: string; item: Record<string, unknown> }>()
  return { code: ran.code, kind, item, stderr: ran.stderr }
}
const key = (jti: string) => `meander:blocklist:jti:${jti}`
/** The tokens that Redis has been told of. */
const published = async () =>
  (
    await server.query<{ jti: string }>(
      'select jti from meander.token_blocklist where published_at is not null',
      [],
      database,
    )
  ).map(({ jti }) => jti)

beforeAll(async () => {
  ;[database, redis] = await Promise.all([peopledDatabase(server), startRedis()])
})
afterAll(() => redis.stop())

/** Two revoked sessions of two organizations, which Redis does not know of yet. */
beforeEach(async () => {
  await Promise.all([
    redis.cli('flushall'),
    server.query(
      `set session_replication_role = 'replica'; delete from meander.token_blocklist;
       delete from meander.refresh_tokens; delete from meander.sessions; delete from meander.support_access_grants`,
      [],
      database,
    ),
  ])
  s = await seedNamed(server, database, {
    hlf: { person: 'mari', chain: 2 },
    nhf: { person: 'per' },
    alive: { person: 'ola' },
  })
  for (const [login, id] of [
    ['kari', s.id.hlf],
    ['nils', s.id.nhf],
  ] as const) {
    const argv = ['sessions', 'revoke', id, '--reason', 'lost', '--yes']
    expect((await run(server, database, login, argv, { redis: 'redis://127.0.0.1:1' })).code).toBe(8)
  }
})

describe('status', () => {
  it('7 while something is pending, 0 when Redis knows all', async () => {
    const before = await itemOf('kari', ['status'])
    expect(before).toMatchObject({
      code: 7,
      kind: 'BlocklistStatus',
      item: {
        mode: 'redis',
        live: 2,
        pending: 2,
        oldestPendingAt: expect.stringMatching(/Z$/),
        redisError: null,
      },
    })
    expect((await as('kari', ['sync'])).code).toBe(0)
    expect(await itemOf('kari', ['status'])).toMatchObject({
      code: 0,
      item: { live: 2, pending: 0, oldestPendingAt: null, redis: { ok: true, mode: 'single' } },
    })
  })

  it('counts what is within reach: the own organization, or all', async () => {
    for (const [login, live] of [
      ['kari', 2],
      ['ada', 2],
      ['nils', 1],
      ['eva', 0],
      ['admin', 3],
      ['publisher', 3],
    ] as const) {
      expect(await itemOf(login, ['status'])).toMatchObject({ item: { live, pending: live } })
    }
  })

  it.each([
    [
      'a Redis that forgets',
      () => redis.cli('config', 'set', 'maxmemory-policy', 'allkeys-lru'),
      () => redis.cli('config', 'set', 'maxmemory-policy', 'noeviction'),
      'eviction policy',
    ],
    ['a Redis that was emptied', () => redis.cli('flushall'), async () => {}, 'canary'],
    [
      'a replica',
      () => redis.cli('replicaof', '127.0.0.1', '1'),
      () => redis.cli('replicaof', 'no', 'one'),
      'writable',
    ],
  ])('%s is 7, though nothing is pending', async (_, breakIt, mend, finding) => {
    for (const login of ['kari', 'nils']) expect((await as(login, ['sync'])).code).toBe(0)
    await breakIt()
    const { code, item } = await itemOf('kari', ['status'])
    const words = await as('kari', ['status'])
    await mend()
    expect(code).toBe(7)
    const { findings } = item.redis as { findings: { name: string; ok: boolean }[] }
    expect(findings.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual([finding])
    expect(words.stdout).toContain(`${finding}: `)
  })

  it('a Redis that nothing was published to yet misses nothing', async () => {
    await redis.cli('flushall')
    const { code, item } = await itemOf('eva', ['status'])
    expect({ code, item }).toMatchObject({ code: 0, item: { live: 0, pending: 0, redis: { ok: true } } })
    expect((await as('eva', ['status'])).stdout).toMatch(/canary +yes +missing, but every published token/)
  })

  it('a dead Redis is 7, with the cause', async () => {
    const { code, item } = await itemOf('kari', ['status'], { redis: 'redis://127.0.0.1:1' })
    expect(code).toBe(7)
    expect(JSON.stringify(item)).toContain('nothing listens there')
  })

  it('without a Redis of its own it goes by what the publisher noted', async () => {
    expect(await itemOf('kari', ['status'], {})).toMatchObject({ code: 7, item: { pending: 2, redis: null } })
    await as('publisher', ['sync'])
    expect(await itemOf('kari', ['status'], {})).toMatchObject({ code: 0, item: { pending: 0, redis: null } })
  })

  it('a login that is nobody is 4', async () => {
    expect((await as('stranger', ['status'])).code).toBe(4)
    expect((await as('auth', ['status'])).code).toBe(4)
  })
})

describe('check', () => {
  const jti = () => s.jtis.hlf[0] ?? ''

  it('0 when it is blocked in both, in the contract’s words', async () => {
    await as('kari', ['sync'])
    for (const login of ['kari', 'ada', 'admin', 'publisher']) {
      expect(await itemOf(login, ['check', jti().toUpperCase()])).toMatchObject({
        code: 0,
        kind: 'BlocklistEntry',
        item: { jti: jti(), sessionId: s.id.hlf, mode: 'redis', blocked: true, redisError: null },
      })
    }
  })

  it.each([
    ['it was never published', async () => {}],
    [
      'Redis lost it',
      async () => {
        await as('kari', ['sync'])
        await redis.cli('del', key(jti()))
      },
    ],
    [
      'Redis drops it too early',
      async () => {
        await as('kari', ['sync'])
        await redis.cli('pexpire', key(jti()), '60000')
      },
    ],
  ])('7 when %s', async (_, prepare) => {
    await prepare()
    const { code, item } = await itemOf('kari', ['check', jti()])
    expect({ code, blocked: item.blocked }).toEqual({ code: 7, blocked: false })
  })

  it('a key that never ends is blocked, and -1 as Redis has it', async () => {
    await as('kari', ['sync'])
    await redis.cli('persist', key(jti()))
    const { code, item } = await itemOf('kari', ['check', jti()])
    expect({ code, item }).toMatchObject({ code: 0, item: { blocked: true, redisRemainingMs: -1 } })
    expect((await as('kari', ['check', jti()])).stdout).toContain('without an end')
  })

  it('7 when Redis cannot be asked', async () => {
    await as('kari', ['sync'])
    const { code, item } = await itemOf('kari', ['check', jti()], { redis: 'redis://127.0.0.1:1' })
    expect(code).toBe(7)
    expect(item).toMatchObject({ blocked: false, redisRemainingMs: null })
    expect(item.redisError).toContain('nothing listens there')
  })

  it('without a Redis of its own: what the publisher noted', async () => {
    expect((await as('kari', ['check', jti()], {})).code).toBe(7)
    await as('publisher', ['sync'])
    expect((await as('kari', ['check', jti()], {})).code).toBe(0)
  })

  it('unknown, foreign and still in use are 3 and look the same', async () => {
    const answers = await Promise.all(
      [randomUUID(), s.jtis.nhf[0] ?? '', s.jtis.alive[0] ?? ''].map(async (id) => as('kari', ['check', id])),
    )
    for (const { code, stdout, stderr } of answers)
      expect({ code, stdout, stderr }).toEqual({
        code: 3,
        stdout: '',
        stderr:
          'meanderctl: no such blocked token within your reach\nSee what is within your reach: meanderctl whoami\n',
      })
  })

  it('what is no id is 2', async () => {
    expect((await as('kari', ['check', 'jti'])).code).toBe(2)
    expect((await as('kari', ['check'])).code).toBe(2)
  })
})

describe('sync', () => {
  it('carries what is within reach, and nothing else', async () => {
    expect(await itemOf('kari', ['sync'])).toEqual({
      code: 0,
      kind: 'SyncResult',
      item: { mode: 'redis', published: 2, restored: 0, pending: 0, failed: [], redisError: null },
      stderr: '',
    })
    expect((await published()).sort()).toEqual([...s.jtis.hlf].sort())
    expect(await redis.cli('exists', key(s.jtis.nhf[0] ?? ''))).toBe('0')
    expect(await itemOf('kari', ['sync'])).toMatchObject({ code: 0, item: { published: 0, pending: 0 } })
  })

  it.each(['publisher', 'admin'])('%s carries everybody’s', async (login) => {
    expect(await itemOf(login, ['sync'])).toMatchObject({ code: 0, item: { published: 3, pending: 0 } })
    expect(await redis.cli('get', key(s.jtis.nhf[0] ?? ''))).toBe(s.id.nhf)
  })

  it('several at once carry each token once', async () => {
    const counts = await Promise.all(
      ['publisher', 'admin', 'kari', 'publisher'].map(
        async (login) => (await itemOf(login, ['sync'])).item.published,
      ),
    )
    expect(counts.reduce<number>((sum, count) => sum + Number(count), 0)).toBe(3)
    expect(await published()).toHaveLength(3)
  })

  it('a dead Redis: 8, and what failed is named', async () => {
    const { code, item, stderr } = await itemOf('kari', ['sync'], { redis: 'redis://127.0.0.1:1' })
    expect({ code, published: item.published, pending: item.pending }).toEqual({
      code: 8,
      published: 0,
      pending: 2,
    })
    expect((item.failed as { jti: string }[]).map(({ jti }) => jti).sort()).toEqual([...s.jtis.hlf].sort())
    expect(stderr).toBe(
      'Redis does not know 2 blocked access tokens yet: 127.0.0.1:1: nothing listens there.\n',
    )
    expect(await published()).toEqual([])
  })

  it('a dead Redis is 8 though nothing is pending: nobody can say what it still has', async () => {
    expect((await as('kari', ['sync'])).code).toBe(0)
    const ran = await itemOf('kari', ['sync'], { redis: 'redis://127.0.0.1:1' })
    expect(ran).toMatchObject({
      code: 8,
      item: { pending: 0, redisError: expect.stringContaining('nothing listens there') },
      stderr: expect.stringContaining('Whether Redis has what was published cannot be said: '),
    })
  })

  it('an auditor carries nothing of others', async () => {
    expect(await itemOf('ada', ['sync'])).toMatchObject({ code: 8, item: { published: 0, pending: 2 } })
    expect(await published()).toEqual([])
  })

  it('a global admin carries what that login ended', async () => {
    await seedGrant(server, database, 'gro', 'hlf')
    const argv = ['sessions', 'revoke', s.id.alive, '--reason', 'support', '--yes']
    const ran = await run(server, database, 'gro', argv, { redis: 'redis://127.0.0.1:1' })
    expect(ran.code).toBe(8)
    expect(await itemOf('gro', ['sync'])).toMatchObject({ code: 0, item: { published: 1, pending: 0 } })
    expect(await published()).toEqual(s.jtis.alive)
  })

  it('without a Redis is 2', async () => {
    expect(await as('kari', ['sync'], {})).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'meanderctl: No Redis is configured, so nothing can be told to it.\nSet REDIS_URL.\n',
    })
  })
})

it('MEANDERCTL_REDIS_PREFIX names the keys', async () => {
  const env = { MEANDERCTL_REDIS_PREFIX: 'acme:' }
  expect((await as('kari', ['sync'], { redis: redis.url, env })).code).toBe(0)
  expect(await redis.cli('get', `acme:jti:${s.jtis.hlf[0]}`)).toBe(s.id.hlf)
  expect(await redis.cli('exists', key(s.jtis.hlf[0] ?? ''))).toBe('0')
})

it('where the platform reads the database, PostgreSQL is all there is', async () => {
  const own = await peopledDatabase(server)
  await run(server, own, server.superuser, ['db', 'migrate', '--blocklist', 'database'])
  const { jtis, id } = await seedNamed(server, own, { lost: { person: 'mari' } })
  const here = (...argv: string[]) => run(server, own, 'kari', argv)
  expect((await here('sessions', 'revoke', id.lost, '--reason', 'x', '--yes')).code).toBe(0)
  expect((await here('blocklist', 'status')).code).toBe(0)
  expect((await here('blocklist', 'check', jtis.lost[0] ?? '')).code).toBe(0)
  const sync = await here('blocklist', 'sync', '-o', 'json')
  expect(sync.code).toBe(0)
  expect(sync.json<{ item: object }>().item).toEqual({
    mode: 'database',
    published: 0,
    restored: 0,
    pending: 0,
    failed: [],
    redisError: null,
  })
  const rebuild = await here('blocklist', 'rebuild', '-o', 'json')
  expect(rebuild.code).toBe(0)
  expect(rebuild.json<{ item: object }>().item).toMatchObject({ mode: 'database', live: 1, equal: true })
})
