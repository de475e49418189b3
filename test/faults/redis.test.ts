import { rm } from 'node:fs/promises'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import type { RedisSettings } from '../../src/config/redis-settings.ts'
import type { BlocklistStore } from '../../src/redis/blocklist-store.ts'
import { openBlocklistStore } from '../../src/redis/open.ts'
import { narrow, narrowUser, prefix, single, tokens } from '../integration/redis/settings.ts'
import { type PrivateRedis, type RedisOptions, startCluster, startRedis } from '../support/redis.ts'

const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})
const start = async (options?: RedisOptions): Promise<PrivateRedis> => {
  const redis = await startRedis(options)
  cleanUp.push(() => redis.stop())
  return redis
}
const open = (settings: RedisSettings): BlocklistStore => {
  const store = openBlocklistStore(settings)
  cleanUp.push(() => store.close())
  return store
}

/** Everything fails, soon, each token with the cause; the same cause is a finding, and stops a question. */
const expectAway = async (store: BlocklistStore, cause: RegExp): Promise<void> => {
  const many = tokens(2_500)
  const started = performance.now()
  const { published, failed, added, away } = await store.publish(many)
  expect(performance.now() - started).toBeLessThan(2_500)
  expect({ published, added, away }).toEqual({ published: [], added: [], away: true })
  expect(failed.map(({ jti }) => jti)).toEqual(many.map(({ jti }) => jti))
  for (const { message } of failed) expect(message).toMatch(cause)
  await expect(store.look()).rejects.toMatchObject({ code: 'FAILED', message: expect.stringMatching(cause) })
  await expect(store.remaining(['x'])).rejects.toMatchObject({
    code: 'FAILED',
    message: expect.stringMatching(cause),
  })
  expect(await store.health()).toMatchObject({
    ok: false,
    findings: [{ name: 'reachable', ok: false, actual: expect.stringMatching(cause) }],
  })
}

test('a dead Redis: nothing listens there', async () => {
  const redis = await start()
  await redis.kill()
  await expectAway(open(single(redis)), /127\.0\.0\.1:\d+: nothing listens there$/)
})

test('a Redis that hangs: no answer in time', async () => {
  const redis = await start()
  redis.pause()
  await expectAway(open(single(redis)), /127\.0\.0\.1:\d+: no answer in time$/)
})

test('a Redis that hangs after we have connected, and then goes on', async () => {
  const redis = await start()
  const store = open(single(redis))
  await store.publish([])
  redis.pause()
  await expectAway(store, /no answer in time/)
  redis.resume()
  expect(await store.publish(tokens(10))).toMatchObject({ failed: [], published: { length: 10 } })
})

test('a Redis that dies while thousands are published: what was confirmed is there, the rest is named', async () => {
  const redis = await start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  const store = open(single(redis))
  await store.publish([])
  const many = tokens(60_000)
  const publishing = store.publish(many)
  await new Promise((resolve) => setTimeout(resolve, 150))
  await redis.kill()
  const { published, failed } = await publishing
  expect(published.length + failed.length).toBe(60_000)
  expect(failed.length).toBeGreaterThan(0)
  for (const { message } of failed) expect(message).toMatch(/the connection was lost/)
  await redis.restart()
  const lives = await store.remaining(published)
  expect(lives.filter((life) => life === null)).toEqual([])
  expect(await store.publish(many)).toMatchObject({ failed: [], published: { length: 60_000 } })
})

test('a full Redis: OOM, and what fitted stays', async () => {
  const redis = await start({ args: ['--maxmemory', '3mb'] })
  const many = tokens(30_000)
  const { published, failed } = await open(single(redis)).publish(many)
  expect(published.length).toBeGreaterThan(0)
  expect(failed.length).toBeGreaterThan(0)
  expect(published.length + failed.length).toBe(30_000)
  for (const { message } of failed) {
    expect(message).toMatch(/: OOM: it is full \(maxmemory\) and refuses to write$/)
  }
})

test('a replica: READONLY', async () => {
  const master = await start()
  const redis = await start({ args: ['--replicaof', `${master.host} ${master.port}`] })
  const { published, failed } = await open(single(redis)).publish(tokens(2))
  expect(published).toEqual([])
  expect(failed).toHaveLength(2)
  for (const { message } of failed) expect(message).toMatch(/: READONLY: it is a replica, or read-only/)
})

test('a Redis that could not save: MISCONF', async () => {
  const redis = await start({ args: ['--save', '3600 1'] })
  await redis.cli('set', 'x', 'y')
  await rm(redis.folder, { recursive: true })
  await redis.cli('bgsave')
  await expect.poll(() => redis.cli('info', 'persistence')).toContain('rdb_last_bgsave_status:err')
  const store = open(single(redis))
  const { failed } = await store.publish(tokens(1))
  expect(failed[0]?.message).toMatch(/: MISCONF: it refuses to write because it could not save/)
  expect((await store.health()).findings.filter(({ ok }) => !ok)).toMatchObject([
    { name: 'reachable', actual: expect.stringMatching(/: MISCONF: /) },
    { name: 'persistence', actual: expect.stringMatching(/^the last save failed; /) },
    { name: 'canary' },
  ])
})

describe('the credential', () => {
  test.each([
    ['a wrong password', { username: 'publisher', password: 'a-wrong-secret' }, /: WRONGPASS: /],
    ['an unknown user', { username: 'nobody', password: 'a-wrong-secret' }, /: WRONGPASS: /],
    ['a wrong password for everybody', { password: 'a-wrong-secret' }, /: WRONGPASS: /],
    ['no password', {}, /: NOAUTH: it asks for a password/],
  ])('%s is told, and not repeated', async (_, access, cause) => {
    const redis = await start({ acl: ['user default on >everybodys-secret ~* +@all', narrowUser()] })
    const store = open(single(redis, access))
    await expectAway(store, cause)
    const { failed } = await store.publish(tokens(1))
    const error = await store.remaining(['x']).catch((thrown: unknown) => thrown)
    const everything = inspect([failed, error, await store.health()], { depth: 10, showHidden: true })
    expect(everything).not.toContain('secret')
  })

  test('a password that nobody asked for is no obstacle, and no noise', async () => {
    const redis = await start()
    const store = open(single(redis, { password: 'superfluous' }))
    expect(await store.publish(tokens(1))).toMatchObject({ failed: [] })
  })

  test('INFO refused is NOPERM: without it nobody knows what is written to', async () => {
    const redis = await start({ acl: [narrowUser('-info')] })
    await expectAway(
      open(single(redis, narrow)),
      /NOPERM this user has no permissions to run the 'info' command/,
    )
  })
})

describe('a refused SELECT is the end: nothing goes to database 0 instead', () => {
  test('by the ACL', async () => {
    const redis = await start({ acl: [narrowUser()] })
    await expectAway(open(single(redis, { db: 2, ...narrow })), /NOPERM .*'select'/)
    expect(await redis.cli('dbsize')).toBe('0')
  })

  test('by the number', async () => {
    const redis = await start()
    await expectAway(open(single(redis, { db: 99 })), /ERR DB index is out of range/)
    expect(await redis.cli('dbsize')).toBe('0')
  })
})

test('what is no Redis says so by its silence or its words', async () => {
  const sentinel = await start({ args: ['--sentinel'] })
  await expectAway(open(single(sentinel)), /runs as sentinel.*REDIS_SENTINELS/)
  const plain = await start()
  // It waits for the end of what it takes for a command.
  await expectAway(open({ ...single(plain), tls: {} }), /no answer in time/)
  const missing = { ...single(plain), host: 'redis.invalid' } as RedisSettings
  await expectAway(open(missing), /the host name (is unknown|cannot be looked up now)/)
})

describe('a cluster that lost a node', () => {
  test.each(['killed', 'hanging'])(
    'blocks on the others; of the one that is %s every token is named',
    async (how) => {
      const cluster = await startCluster({ args: ['--cluster-require-full-coverage', 'no'] })
      cleanUp.push(() => cluster.stop())
      const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }))
      const store = open({ kind: 'cluster', nodes, tls: null, prefix })
      const [lost] = cluster.nodes
      if (!lost) throw new Error('a node')
      if (how === 'killed') await lost.kill()
      else lost.pause()
      const many = tokens(600)
      const started = performance.now()
      const { published, failed } = await store.publish(many)
      expect(performance.now() - started).toBeLessThan(3_000)
      expect(published.length + failed.length).toBe(600)
      expect(published.length).toBeGreaterThan(300)
      expect(failed.length).toBeGreaterThan(100)
      for (const { message } of failed) {
        expect(message).toMatch(
          how === 'killed'
            ? new RegExp(`^127.0.0.1:${lost.port}: nothing listens there$`)
            : new RegExp(`^127.0.0.1:${lost.port}: no answer in time$`),
        )
      }
      const health = await store.health()
      expect(health.findings.filter(({ ok }) => !ok).map(({ name }) => name)).toContain(
        `reachable (127.0.0.1:${lost.port})`,
      )
      if (how === 'killed') return
      lost.resume()
      // The others have given it up meanwhile, and take a moment to have it back.
      await expect
        .poll(async () => (await store.publish(many)).failed, { timeout: 10_000, interval: 200 })
        .toEqual([])
    },
  )

  test('and nobody who knows where the others are: every seed is named', async () => {
    const nodes = [
      { host: '127.0.0.1', port: 1 },
      { host: '127.0.0.1', port: 2 },
    ]
    await expectAway(
      open({ kind: 'cluster', nodes, tls: null, prefix }),
      /127\.0\.0\.1:1: nothing listens there; 127\.0\.0\.1:2: nothing listens there$/,
    )
  })
})
