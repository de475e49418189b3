import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RedisSettings } from '../../../src/config/redis-settings.ts'
import type { BlocklistStore } from '../../../src/redis/blocklist-store.ts'
import { openBlocklistStore } from '../../../src/redis/open.ts'
import {
  type PrivateCluster,
  type PrivateRedis,
  type PrivateSentinel,
  startCluster,
  startRedis,
  startSentinel,
} from '../../support/redis.ts'
import { narrow, narrowUser, prefix, single, tokens } from './settings.ts'

const withStore = async <T>(
  settings: RedisSettings,
  act: (store: BlocklistStore) => Promise<T>,
): Promise<T> => {
  const store = openBlocklistStore(settings)
  try {
    return await act(store)
  } finally {
    await store.close()
  }
}

describe('with TLS', () => {
  let redis: PrivateRedis
  beforeAll(async () => {
    redis = await startRedis({ tls: true, args: ['--tls-auth-clients', 'yes'] })
  })
  afterAll(() => redis.stop())
  const pem = (name: 'ca' | 'clientCert' | 'clientKey') =>
    readFileSync(redis.certificates?.[name] ?? '', 'utf8')
  const access = () => ({ ca: pem('ca'), cert: pem('clientCert'), key: pem('clientKey') })

  test('the authority that is named is trusted, and our certificate shown', async () => {
    const settings = { ...single(redis), tls: access() }
    await withStore(settings, async (store) => {
      expect(store.label).toBe(redis.url)
      expect(await store.publish(tokens(3))).toMatchObject({ failed: [], published: { length: 3 } })
    })
  })

  test('a server of another authority is not', async () => {
    const { ca: _, ...without } = access()
    await withStore({ ...single(redis), tls: without }, async (store) => {
      const { failed } = await store.publish(tokens(1))
      expect(failed[0]?.message).toMatch(/its certificate is not trusted/)
    })
  })

  test('without our certificate it lets nobody in', async () => {
    await withStore({ ...single(redis), tls: { ca: pem('ca') } }, async (store) => {
      const { failed } = await store.publish(tokens(1))
      expect(failed[0]?.message).toMatch(/certificate required|connection was lost/)
    })
  })
})

describe('a cluster', () => {
  let cluster: PrivateCluster
  let settings: RedisSettings
  beforeAll(async () => {
    cluster = await startCluster({ acl: [narrowUser('+cluster|slots')] })
    const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }))
    settings = { kind: 'cluster', nodes, tls: null, prefix, ...narrow }
  })
  afterAll(() => cluster.stop())

  test('gets every token on the node that serves it, and is read back whole', async () => {
    const many = tokens(3_000)
    await withStore(settings, async (store) => {
      expect(await store.publish(many)).toMatchObject({ failed: [], added: { length: 3_000 } })
      expect(await store.publish(many)).toMatchObject({ failed: [], added: [] })
      await store.seal()
      expect(await store.look()).toMatchObject({ sealed: true, runIds: { length: 3 } })
      const lives = await store.remaining(many.map(({ jti }) => jti))
      expect(lives.filter((life) => life === null)).toEqual([])
      const seen = new Set<string>()
      for await (const jti of store.keys()) seen.add(jti)
      expect(seen.size).toBe(3_000)
    })
    const sizes = await Promise.all(cluster.nodes.map((node) => node.cli('dbsize')))
    expect(sizes.reduce((sum, size) => sum + Number(size), 0)).toBe(3_000 + 3) // each node has a canary
  })

  test('is healthy node by node, and an emptied one is named', async () => {
    await withStore(settings, async (store) => {
      await store.seal()
      const health = await store.health()
      expect(health.findings.filter(({ ok }) => !ok)).toEqual([])
      expect(health.runIds).toHaveLength(3)
      const emptied = cluster.nodes[1]
      await emptied?.cli('flushall')
      const after = await store.health()
      expect(after.ok).toBe(false)
      expect(after.findings.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual([
        `canary (127.0.0.1:${emptied?.port})`,
      ])
    })
  })

  test('finds tokens whose slots have moved since it looked', async () => {
    const [token] = tokens(1)
    if (!token) throw new Error('a token')
    await withStore(settings, async (store) => {
      await store.publish([token])
      const key = `${prefix}jti:${token.jti}`
      // Whoever has it may say so; the others refuse with MOVED.
      const has = await Promise.all(cluster.nodes.map((node) => node.cli('exists', key).catch(() => '0')))
      const to = cluster.nodes[has.indexOf('0')]
      if (!to) throw new Error('every node has the key')
      const slot = await to.cli('cluster', 'keyslot', key)
      await Promise.all(cluster.nodes.map((node) => node.cli('flushall')))
      const id = await to.cli('cluster', 'myid')
      await Promise.all(cluster.nodes.map((node) => node.cli('cluster', 'setslot', slot, 'node', id)))
      expect(await store.publish([token])).toMatchObject({ published: [token.jti], failed: [] })
      expect(await store.remaining([token.jti])).toEqual([expect.any(Number)])
      expect(await to.cli('exists', key)).toBe('1')
    })
  })

  test('named as a single server, it says which setting is meant', async () => {
    const [node] = cluster.nodes
    if (!node) throw new Error('a node')
    await withStore(single(node, narrow), async (store) => {
      const { failed } = await store.publish(tokens(1))
      expect(failed[0]?.message).toMatch(/runs as cluster.*REDIS_CLUSTER_NODES/)
    })
  })
})

describe('sentinels', () => {
  let group: PrivateSentinel
  beforeAll(async () => {
    group = await startSentinel({ acl: [narrowUser()] })
  })
  afterAll(() => group.stop())
  const settings = (name = group.name): RedisSettings => ({
    kind: 'sentinel',
    sentinels: [
      { host: '127.0.0.1', port: 1 },
      { host: group.sentinel.host, port: group.sentinel.port },
    ],
    name,
    db: 0,
    tls: null,
    prefix,
    ...narrow,
  })

  test('an unknown name is told', async () => {
    await withStore(settings('nobody'), async (store) => {
      const { failed } = await store.publish(tokens(1))
      expect(failed[0]?.message).toMatch(/knows no master named nobody/)
    })
  })

  test('name the master, and after a failover the next one', async () => {
    const [first, second] = tokens(2)
    if (!first || !second) throw new Error('two tokens')
    await withStore(settings(), async (store) => {
      expect(await store.publish([first])).toMatchObject({ published: [first.jti], failed: [] })
      await store.seal()
      const before = await store.health()
      expect(before).toMatchObject({ ok: true, mode: 'sentinel' })
      await group.master.kill()
      const { failed } = await store.publish([second])
      expect(failed[0]?.message).toMatch(/nothing listens there|the connection was lost/)
      await group.failedOver()
      expect(await store.publish([second])).toMatchObject({ published: [second.jti], failed: [] })
      expect((await store.health()).runIds).not.toEqual(before.runIds)
    })
    expect(await group.replica.cli('exists', `${prefix}jti:${second.jti}`)).toBe('1')
  })
})
