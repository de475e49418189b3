import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BlocklistStore } from '../../../src/redis/blocklist-store.ts'
import { openBlocklistStore } from '../../../src/redis/open.ts'
import { type PrivateRedis, startRedis } from '../../support/redis.ts'
import { prefix, single, tokens } from './settings.ts'

let redis: PrivateRedis
let store: BlocklistStore
const bad = async () => (await store.health()).findings.filter(({ ok }) => !ok)

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())
beforeEach(async () => {
  await redis.cli('flushall')
  store = openBlocklistStore(single(redis))
  await store.publish(tokens(5))
  await store.seal()
})
afterEach(() => store.close())

test('a Redis that keeps what it is given is healthy', async () => {
  const health = await store.health()
  expect(health).toMatchObject({
    ok: true,
    mode: 'single',
    version: expect.stringMatching(/^(Redis|Valkey) \d/),
  })
  expect(health.findings.map(({ name }) => name)).toEqual([
    'reachable',
    'eviction policy',
    'writable',
    'memory',
    'persistence',
    'expiry',
    'canary',
  ])
  expect(Math.abs(health.clockOffsetMs)).toBeLessThan(1_000)
  expect(health.runIds).toEqual([expect.stringMatching(/^[0-9a-f]{40}$/)])
})

test.each(['allkeys-lru', 'volatile-lru', 'volatile-ttl', 'allkeys-random'])(
  'the eviction policy %s is a finding',
  async (policy) => {
    await redis.cli('config', 'set', 'maxmemory-policy', policy)
    try {
      expect(await bad()).toMatchObject([{ name: 'eviction policy', expected: 'noeviction', actual: policy }])
    } finally {
      await redis.cli('config', 'set', 'maxmemory-policy', 'noeviction')
    }
  },
)

test('memory that is nearly used up is a finding', async () => {
  await redis.cli('config', 'set', 'maxmemory', '1mb')
  try {
    expect(await bad()).toMatchObject([
      { name: 'memory', actual: expect.stringMatching(/^\d+ % of 1\.00M$/) },
    ])
  } finally {
    await redis.cli('config', 'set', 'maxmemory', '0')
  }
})

test('a key without an end is a finding', async () => {
  await redis.cli('set', `${prefix}jti:someone`, 'x')
  expect(await bad()).toMatchObject([{ name: 'expiry', actual: '1 of 6 sampled never end' }])
})

test.each([
  ['emptied', () => redis.cli('flushall')],
  ['started anew, empty', () => redis.restart()],
])('a Redis that was %s is noticed by its canary', async (_, lose) => {
  await lose()
  expect(await bad()).toMatchObject([{ name: 'canary', fix: 'meanderctl blocklist rebuild' }])
})

test('a Redis that started anew with all its keys is noticed by its run id alone', async () => {
  const [before] = (await store.health()).runIds
  await redis.restart({ keep: true })
  const health = await store.health()
  expect(health.ok).toBe(true)
  expect(health.runIds).not.toEqual([before])
  await redis.restart()
})

test('a replica is a finding', async () => {
  const master = await startRedis()
  try {
    await redis.cli('replicaof', master.host, String(master.port))
    expect((await bad()).find(({ name }) => name === 'writable')?.actual).toBe(
      `a replica of 127.0.0.1:${master.port}`,
    )
  } finally {
    await redis.cli('replicaof', 'no', 'one')
    await master.stop()
  }
})
