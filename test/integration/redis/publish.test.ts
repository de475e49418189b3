import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RedisSettings } from '../../../src/config/redis-settings.ts'
import type { BlocklistStore } from '../../../src/redis/blocklist-store.ts'
import { connect } from '../../../src/redis/connect.ts'
import { openBlocklistStore } from '../../../src/redis/open.ts'
import { publishTo } from '../../../src/redis/publish.ts'
import { type PrivateRedis, startRedis } from '../../support/redis.ts'
import { narrow, narrowUser, prefix, single, tokens } from './settings.ts'

let redis: PrivateRedis
let store: BlocklistStore
const opened: BlocklistStore[] = []
const open = (settings: RedisSettings) => {
  const one = openBlocklistStore(settings)
  opened.push(one)
  return one
}
const pttl = async (jti: string) => Number(await redis.cli('pttl', `${prefix}jti:${jti}`))
const [token = { jti: '', sessionId: '', remainingMs: 0 }] = tokens(1)

beforeAll(async () => {
  redis = await startRedis({ acl: [narrowUser()] })
})
afterAll(() => redis.stop())
beforeEach(async () => {
  await redis.cli('flushall')
  store = open(single(redis))
})
afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())))

test('a published token is the key of the contract, with the session as value and a minute more than its life', async () => {
  expect(await store.publish([token])).toEqual({
    published: [token.jti],
    failed: [],
    added: [token.jti],
    away: false,
  })
  expect(await redis.cli('get', `${prefix}jti:${token.jti}`)).toBe(token.sessionId)
  const life = await pttl(token.jti)
  expect(life).toBeGreaterThan(895_000)
  expect(life).toBeLessThanOrEqual(900_000)
  await store.seal()
  expect((await redis.cli('keys', '*')).split('\n').sort()).toEqual(
    [`${prefix}canary`, `${prefix}jti:${token.jti}`].sort(),
  )
})

test('publishing again lengthens a life and never shortens it', async () => {
  await store.publish([{ ...token, remainingMs: 100_000 }])
  expect(await store.publish([{ ...token, remainingMs: 500_000 }])).toMatchObject({ published: [token.jti] })
  expect(await pttl(token.jti)).toBeGreaterThan(555_000)
  expect(await store.publish([{ ...token, remainingMs: 5_000 }])).toMatchObject({ published: [token.jti] })
  expect(await pttl(token.jti)).toBeGreaterThan(555_000)
})

test('a key that never ends is left so, and counts as blocked', async () => {
  await redis.cli('set', `${prefix}jti:${token.jti}`, 'x')
  expect(await store.publish([token])).toMatchObject({ published: [token.jti], failed: [] })
  expect(await pttl(token.jti)).toBe(-1)
  expect(await store.remaining([token.jti])).toEqual([Number.POSITIVE_INFINITY])
})

test('a key that vanishes between the commands is set again', async () => {
  // Set by another publisher with nothing left of its life: there for SET NX, gone for PEXPIRE.
  const node = await connect(single(redis) as { host: string; port: number }, { tls: null }, 'standalone')
  const key = `${prefix}jti:${token.jti}`
  await redis.cli('set', key, 'x', 'PX', '60000')
  const meddling = {
    ...node,
    send: async (commands: Parameters<typeof node.send>[0]) => {
      const replies = await node.send(commands)
      if (commands[0]?.[0] === 'set' && commands[0][2] === token.sessionId) await redis.cli('del', key)
      return replies
    },
  }
  // The first round finds it and loses it; the second sets it, and then it is ours to lose no more.
  let rounds = 0
  const once = {
    ...node,
    send: (commands: Parameters<typeof node.send>[0]) => (rounds++ === 0 ? meddling : node).send(commands),
  }
  expect(await publishTo(once, prefix, [token])).toEqual({ refused: [], added: [token.jti] })
  expect(rounds).toBe(4) // SET, PEXPIRE, PTTL, and SET again
  expect(await pttl(token.jti)).toBeGreaterThan(895_000)
  expect(await redis.cli('get', key)).toBe(token.sessionId)
  node.close()
})

test('a token that ended more than a minute ago needs no key, one that ended just now still does', async () => {
  const [first, second] = tokens(2)
  if (!first || !second) throw new Error('two tokens')
  const result = await store.publish([
    { ...first, remainingMs: -61_000 },
    { ...second, remainingMs: -1_000 },
  ])
  expect(result).toMatchObject({ published: [first.jti, second.jti], failed: [] })
  expect(await store.remaining([first.jti])).toEqual([null])
  expect(await pttl(second.jti)).toBeGreaterThan(50_000)
})

test('a row that Redis refuses stops no other', async () => {
  const [first, bad, last] = tokens(3)
  if (!first || !bad || !last) throw new Error('three tokens')
  expect(await store.publish([first, { ...bad, remainingMs: Number.NaN }, last])).toEqual({
    published: [first.jti, last.jti],
    failed: [{ jti: bad.jti, message: expect.stringContaining('ERR value is not an integer') }],
    added: [first.jti, last.jti],
    away: false,
  })
})

test('thousands at once, many of them there already, and by two at the same time', async () => {
  const many = tokens(5_500)
  await store.publish(many.slice(2_000, 3_000))
  const other = open(single(redis))
  const results = await Promise.all([store.publish(many), other.publish(many)])
  for (const { published, failed } of results) {
    expect(failed).toEqual([])
    expect(published).toHaveLength(5_500)
  }
  expect(await redis.cli('dbsize')).toBe('5500')
  const lives = await store.remaining(many.map(({ jti }) => jti))
  expect(lives.every((life) => life !== null && life > 840_000)).toBe(true)
})

test('what was sealed stays so until Redis is emptied; publishing alone seals nothing', async () => {
  await store.publish([token])
  const { sealed, runIds } = await store.look()
  expect({ sealed, runIds }).toEqual({ sealed: false, runIds: [expect.stringMatching(/^[0-9a-f]{40}$/)] })
  await store.seal()
  expect(await store.look()).toEqual({ sealed: true, runIds })
  expect(await redis.cli('pttl', `${prefix}canary`)).toBe('-1')
  await redis.cli('flushall')
  expect(await store.publish([token])).toMatchObject({ added: [token.jti] })
  expect(await store.look()).toEqual({ sealed: false, runIds })
})

test('remaining answers in the order of the question, null for what is not there', async () => {
  const [first, second, third] = tokens(3)
  if (!first || !second || !third) throw new Error('three tokens')
  await store.publish([third, first])
  const [one, two, three] = await store.remaining([first.jti, second.jti, third.jti])
  expect(one).toBeGreaterThan(895_000)
  expect(two).toBeNull()
  expect(three).toBeGreaterThan(895_000)
})

test('the keys are streamed, and nobody else’s', async () => {
  const many = tokens(2_500)
  await store.publish(many)
  await redis.cli('set', 'meander:other', 'x')
  const seen = new Set<string>()
  for await (const jti of store.keys()) seen.add(jti)
  expect(seen).toEqual(new Set(many.map(({ jti }) => jti)))
})

test('a database other than 0 is the one that is written', async () => {
  const other = open(single(redis, { db: 3 }))
  expect(other.label).toBe(`redis://127.0.0.1:${redis.port}/3`)
  await other.publish([token])
  expect(await redis.cli('dbsize')).toBe('0')
  expect(await redis.cli('-n', '3', 'dbsize')).toBe('1')
})

describe('as the user of the contract, with these commands and keys and no more', () => {
  test('everything works', async () => {
    const ours = open(single(redis, narrow))
    const many = tokens(1_500)
    await ours.publish(many.slice(0, 500))
    expect(await ours.publish(many)).toMatchObject({ failed: [], added: { length: 1_000 } })
    await ours.seal()
    expect(await ours.look()).toMatchObject({ sealed: true })
    expect(await ours.remaining([token.jti])).toEqual([expect.any(Number)])
    let count = 0
    for await (const _ of ours.keys()) count++
    expect(count).toBeGreaterThanOrEqual(1_500)
    expect((await ours.health()).findings.filter(({ ok }) => !ok)).toEqual([])
  })

  test('another prefix is NOPERM, token by token', async () => {
    const ours = open({ ...single(redis, narrow), prefix: 'other:' })
    const { published, failed } = await ours.publish([token])
    expect(published).toEqual([])
    expect(failed).toEqual([{ jti: token.jti, message: expect.stringContaining('NOPERM') }])
    await expect(ours.remaining([token.jti])).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('NOPERM'),
    })
  })

  test('the server refuses it every other command', async () => {
    const asUser = ['--no-auth-warning', '--user', narrow.username, '--pass', narrow.password]
    for (const command of [
      ['get', `${prefix}canary`],
      ['del', `${prefix}canary`],
      ['flushall'],
      ['keys', '*'],
    ]) {
      await expect(redis.cli(...asUser, ...command)).rejects.toThrow(/NOPERM/)
    }
  })
})
