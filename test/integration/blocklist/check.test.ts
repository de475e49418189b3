import { randomUUID } from 'node:crypto'
import { Cluster, Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { type BlocklistCheck, type BlocklistCheckOptions, blocklistCheck } from '../../../src/blocklist.ts'
import { MeanderError } from '../../../src/errors.ts'
import { password } from '../../support/as-login.ts'
import { peopledDatabase, type SeededSession, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type PrivateCluster, type PrivateRedis, startCluster, startRedis } from '../../support/redis.ts'
import { run } from '../../support/run.ts'
import { startProxy } from '../../support/tcp-proxy.ts'

/** What the API asks, over every way of asking. */

const server = postgresAt(inject('postgres'))
const prefix = `check-${randomUUID()}:`
const open: { close(): unknown }[] = []
let database: string
let redis: PrivateRedis
let ended: SeededSession
let live: SeededSession

beforeAll(async () => {
  redis = await startRedis({ acl: ['user api on >secret ~*jti:* resetchannels -@all +exists'] })
  database = await peopledDatabase(server)
  ;[ended, live] = (await seedSessions(server, database, [
    { person: 'mari', chain: 2 },
    { person: 'mari' },
  ])) as [SeededSession, SeededSession]
  const revoke = ['sessions', 'revoke', ended.id, '--yes', '--reason', 'lost']
  const env = { MEANDERCTL_REDIS_PREFIX: prefix }
  expect((await run(server, database, 'kari', revoke, { redis: redis.url, env })).code).toBe(0)
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
afterAll(() => redis?.stop())

const checking = (options: BlocklistCheckOptions): BlocklistCheck => {
  const check = blocklistCheck(options)
  open.push(check)
  return check
}
const pool = (login: string) => {
  const made = new pg.Pool({ connectionString: server.url(login, database, password), max: 2 })
  open.push({ close: () => made.end() })
  return made
}
const client = (options: { db?: number; keyPrefix?: string } = {}) => {
  const made = new Redis(redis.port, { ...options, retryStrategy: () => 50 })
  made.on('error', () => {})
  open.push({ close: () => made.disconnect() })
  return made
}

describe.each<[string, () => BlocklistCheckOptions]>([
  ['a URL', () => ({ redis: redis.url, prefix })],
  [
    'a URL with a login that may ask and nothing else',
    () => ({ redis: redis.url.replace('//', '//api:secret@'), prefix }),
  ],
  ['a client of the server', () => ({ redis: client(), prefix })],
  ['a pool of the Authentication Module', () => ({ postgres: pool('auth') })],
])('over %s', (_, options) => {
  it('tells what is blocked from what is not', async () => {
    // Two hundred at once wait for two connections: longer on a busy machine than a request ever should.
    const check = checking({ ...options(), timeoutMs: 30_000 })
    for (const jti of ended.jtis) expect(await check.verdict(jti)).toBe('blocked')
    expect(await check.isBlocked(ended.jtis[1]?.toUpperCase() ?? '')).toBe(true)
    expect(await check.verdict(live.jtis[0] ?? '')).toBe('clear')
    expect(await check.isBlocked(live.jtis[0] ?? '')).toBe(false)
    const verdicts = Array.from({ length: 200 }, () => check.verdict(randomUUID()))
    expect(new Set(await Promise.all(verdicts))).toEqual(new Set(['clear']))
  })

  it.each([undefined, null, '', 'nonsense', `{${randomUUID()}}`, `${randomUUID()}\n`, 7])(
    'lets in nobody with the jti %j, in no mode',
    async (jti) => {
      const check = checking({ ...options(), mode: 'lenient' })
      expect(await check.isBlocked(jti as string)).toBe(true)
      expect(await check.verdict(jti as string)).toBe('blocked')
    },
  )
})

describe('a Cluster', () => {
  let cluster: PrivateCluster
  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(() => cluster?.stop())

  it('is asked by a client of its own', async () => {
    const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }))
    const asking = new Cluster(nodes, { lazyConnect: true })
    open.push({ close: () => asking.disconnect() })
    await asking.connect()
    const check = checking({ redis: asking, prefix, timeoutMs: 2_000 })
    const jtis = Array.from({ length: 20 }, () => randomUUID())
    for (const jti of jtis.slice(0, 10)) await asking.set(`${prefix}jti:${jti}`, 'a session')
    const verdicts = await Promise.all(jtis.map((jti) => check.verdict(jti)))
    expect(verdicts).toEqual(jtis.map((_, index) => (index < 10 ? 'blocked' : 'clear')))
  })
})

describe('what cannot be asked', () => {
  const denied = async (options: BlocklistCheckOptions, within = 1_000) => {
    const causes: unknown[] = []
    const onUnsure = (cause: unknown) => causes.push(cause)
    const jti = live.jtis[0] ?? ''
    const from = performance.now()
    expect(await checking({ ...options, onUnsure }).verdict(jti)).toBe('unsure')
    expect(performance.now() - from).toBeLessThan(within)
    expect(await checking({ ...options, onUnsure }).isBlocked(jti)).toBe(true)
    expect(await checking({ ...options, onUnsure, mode: 'lenient' }).isBlocked(jti)).toBe(false)
    expect(causes).toHaveLength(3)
    return String((causes[0] as Error).message)
  }

  it('is denied where nothing listens', async () => {
    const nowhere = 'redis://127.0.0.1:1'
    expect(await denied({ redis: nowhere, prefix })).toMatch(/ECONNREFUSED|closed/)
  })

  it('is denied with a wrong password, and where the login may not ask for this key', async () => {
    expect(await denied({ redis: redis.url.replace('//', '//api:wrong@'), prefix })).toMatch(
      /WRONGPASS|closed/,
    )
    const elsewhere = { redis: redis.url.replace('//', '//api:secret@'), prefix: 'other:' }
    await redis.cli('acl', 'setuser', 'api', 'resetkeys', `~${prefix}jti:*`)
    expect(await denied(elsewhere)).toContain('NOPERM')
  })

  it('never falls back to database 0 where SELECT is refused', async () => {
    expect(await denied({ redis: `${redis.url.replace('//', '//api:secret@')}/3`, prefix })).toContain(
      'NOPERM',
    )
  })

  it('is denied while Redis hangs, in time, and asked again when it goes on', async () => {
    const check = checking({ redis: redis.url, prefix })
    expect(await check.verdict(ended.jtis[0] ?? '')).toBe('blocked')
    redis.pause()
    try {
      expect(await denied({ redis: client(), prefix, timeoutMs: 100 })).toContain('100 ms')
      const from = performance.now()
      expect(await check.verdict(ended.jtis[0] ?? '')).toBe('unsure')
      expect(performance.now() - from).toBeLessThan(1_000)
    } finally {
      redis.resume()
    }
    await expect.poll(() => check.verdict(ended.jtis[0] ?? ''), { timeout: 5_000 }).toBe('blocked')
  })

  it('is asked over a new connection when the network forgot the old one', async () => {
    const proxy = await startProxy({ host: redis.host, port: redis.port })
    try {
      const check = checking({ redis: `redis://127.0.0.1:${proxy.port}`, prefix })
      expect(await check.verdict(ended.jtis[0] ?? '')).toBe('blocked')
      proxy.pause()
      expect(await check.verdict(ended.jtis[0] ?? '')).toBe('unsure')
      proxy.resume()
      proxy.cut()
      await expect.poll(() => check.verdict(ended.jtis[0] ?? ''), { timeout: 5_000 }).toBe('blocked')
    } finally {
      await proxy.close()
    }
  })

  it('is everybody after Redis was emptied, for a check that asks for the canary', async () => {
    const empty = await startRedis()
    open.push({ close: () => empty.stop() })
    const options = { redis: empty.url, prefix, requireCanary: true }
    expect(await denied(options)).toContain('canary')
    const sync = () =>
      run(server, database, 'publisher', ['blocklist', 'sync'], {
        redis: empty.url,
        env: { MEANDERCTL_REDIS_PREFIX: prefix },
      })
    expect((await sync()).code).toBe(0)
    const check = checking(options)
    const verdicts = async () => [
      await check.verdict(ended.jtis[0] ?? ''),
      await check.verdict(live.jtis[0] ?? ''),
    ]
    expect(await verdicts()).toEqual(['blocked', 'clear'])
    await empty.cli('flushall')
    expect(await verdicts()).toEqual(['unsure', 'unsure'])
    expect((await sync()).code).toBe(0)
    expect(await verdicts()).toEqual(['blocked', 'clear'])
  })

  it('is denied where PostgreSQL may not be read, or is not reached', async () => {
    expect(await denied({ postgres: pool('kari') })).toContain('permission denied')
    // A member of the owner's role may read, and no policy shows it anything: it would let everybody in.
    const { rows } = await pool('admin').query('select count(*)::int as seen from meander.token_blocklist')
    expect(rows).toEqual([{ seen: 0 }])
    expect(await denied({ postgres: pool('admin') })).toContain('does not see the blocklist')
    expect(await checking({ postgres: pool(server.superuser) }).verdict(live.jtis[0] ?? '')).toBe('clear')
    expect(await checking({ postgres: pool(server.superuser) }).verdict(ended.jtis[0] ?? '')).toBe('blocked')
    const unreachable = new pg.Pool({ host: '127.0.0.1', port: 1 })
    open.push({ close: () => unreachable.end() })
    expect(await denied({ postgres: unreachable })).toContain('ECONNREFUSED')
  })

  it.each([
    ['nothing', { rows: [] }],
    ['no boolean', { rows: [{ blocked: 'f' }] }],
  ])('is denied when PostgreSQL answers with %s', async (_, answer) => {
    expect(await denied({ postgres: { query: async () => answer } })).toContain('did not say')
  })
})

describe('what is known stays known', () => {
  const answers = (token: number | string, canary: number | Error) => ({
    exists: async (key: string) => {
      if (key.includes('jti:')) return token as number
      if (canary instanceof Error) throw canary
      return canary
    },
  })

  it('who is blocked is denied in every mode while the canary cannot be asked', async () => {
    const redis = answers(1, new Error('CLUSTERDOWN'))
    for (const mode of ['strict', 'lenient'] as const)
      expect(await checking({ redis, requireCanary: true, mode }).isBlocked(live.jtis[0] ?? '')).toBe(true)
    const clear = answers(0, new Error('CLUSTERDOWN'))
    expect(await checking({ redis: clear, requireCanary: true }).verdict(live.jtis[0] ?? '')).toBe('unsure')
  })

  it.each(['0', 'QUEUED', null, 2, true])('%o is no answer', async (answer) => {
    const redis = answers(answer as never, 1)
    expect(await checking({ redis }).verdict(live.jtis[0] ?? '')).toBe('unsure')
  })

  it('a log that fails does not make the check fail', async () => {
    const onUnsure = () => {
      throw new Error('the log is full')
    }
    const check = checking({ redis: answers('x', 1), onUnsure })
    expect(await check.verdict(live.jtis[0] ?? '')).toBe('unsure')
    expect(await check.isBlocked(live.jtis[0] ?? '')).toBe(true)
  })
})

describe('a check that would be blind is none', () => {
  it.each<[string, () => BlocklistCheckOptions, RegExp]>([
    ['a client with a keyPrefix', () => ({ redis: client({ keyPrefix: 'app:' }) }), /keyPrefix/],
    ['no URL', () => ({ redis: '' }), /URL/],
    ['another protocol', () => ({ redis: 'http://127.0.0.1' }), /redis/],
    ['a remote Redis without TLS', () => ({ redis: 'redis://redis.example.org' }), /without TLS/],
    ['a mode that there is not', () => ({ redis: redis.url, mode: 'off' as 'strict' }), /mode/],
  ])('%s', (_, options, said) => {
    const make = () => blocklistCheck(options())
    expect(make).toThrow(MeanderError)
    expect(make).toThrow(said)
  })

  it('but a remote Redis without TLS that was asked for by name', () => {
    checking({ redis: 'redis://redis.example.org', allowPlaintext: true })
  })
})
