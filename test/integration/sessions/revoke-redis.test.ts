import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { everythingOf } from '../../support/bystanders.ts'
import { ended, leftOf } from '../../support/left-of.ts'
import { peopledDatabase, type SeededSession, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../../support/redis.ts'
import { run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
let database: string
let redis: PrivateRedis
let lost: SeededSession
let bystanders: string

interface Result {
  readonly summary: Record<string, number>
  readonly blocklist: { mode: string; published: number; pending: number }
  readonly residualAccess: readonly { jti: string; sessionId: string; expiresAt: string }[]
}

const as = (login: string, ...argv: string[]) => run(server, database, login, argv, { redis: redis.url })
const revoke = (...argv: string[]) => as('kari', 'sessions', 'revoke', ...argv, '--reason', 'lost', '--yes')
const key = (jti: string) => `meander:blocklist:jti:${jti}`

/** Waits ten seconds for a publisher that never comes, while the other tests run. */
const startWaiting = async () => {
  const own = await peopledDatabase(server)
  const [session] = await seedSessions(server, own, [{ person: 'mari', chain: 2 }])
  const { id, jtis } = session as SeededSession
  const started = performance.now()
  const ended = run(server, own, 'kari', [
    'sessions',
    'revoke',
    id,
    '--reason',
    'lost',
    '--yes',
    '-o',
    'json',
  ]).then((ran) => ({ ran, took: performance.now() - started }))
  return { database: own, id, jtis, ended }
}
let waiting: Awaited<ReturnType<typeof startWaiting>>

beforeAll(async () => {
  ;[database, redis, waiting] = await Promise.all([peopledDatabase(server), startRedis(), startWaiting()])
})
beforeEach(async () => {
  const [mine] = await seedSessions(server, database, [{ person: 'mari', chain: 3 }, { person: 'per' }])
  lost = mine as SeededSession
  bystanders = await everythingOf(server, database, 'nhf')
})
afterEach(async () => {
  expect(await everythingOf(server, database, 'nhf')).toBe(bystanders)
})
afterAll(() => redis.stop())

it('by selector again, with nothing left to end: tells Redis what the first run could not, and is 8 until then', async () => {
  const argv = ['sessions', 'revoke', '--user', 'mari@hlf.example', '--reason', 'lost', '--yes']
  const dead = () => run(server, database, 'kari', argv, { redis: 'redis://127.0.0.1:1' })
  expect((await dead()).code).toBe(8)
  const again = await dead()
  expect(again.code).toBe(8)
  expect(again.stderr).toContain('Nothing to end')
  expect(again.stderr).toContain('Redis does not know 3 blocked access tokens yet')
  expect((await as('kari', ...argv)).code).toBe(0)
  for (const jti of lost.jtis) expect(await redis.cli('exists', key(jti))).toBe('1')
})

it('blocks every live access token in Redis, for longer than it lives', async () => {
  const ran = await revoke(lost.id, '-o', 'json')
  expect(ran.code).toBe(0)
  expect(ran.json<Result>()).toMatchObject({
    blocklist: { mode: 'redis', published: 3, pending: 0 },
    residualAccess: [],
  })
  for (const jti of lost.jtis) {
    const [token] = await server.query<{ left: number; published: boolean }>(
      `select (extract(epoch from expires_at - clock_timestamp()) * 1000)::int as left,
         published_at is not null as published from meander.token_blocklist where jti = $1`,
      [jti],
      database,
    )
    expect(await redis.cli('get', key(jti))).toBe(lost.id)
    const life = Number(await redis.cli('pttl', key(jti)))
    expect(token?.published).toBe(true)
    expect(life).toBeGreaterThanOrEqual((token?.left ?? 0) + 59_000 - 2_000)
    expect(life).toBeLessThanOrEqual((token?.left ?? 0) + 62_000)
  }
})

/** Each breaks Redis in its own way, and mends it. */
const broken: [name: string, cause: RegExp, breakIt: () => Promise<unknown>, mend: () => Promise<unknown>][] =
  [
    ['dead', /nothing listens there/, () => redis.kill(), () => redis.restart()],
    ['hanging', /no answer in time/, async () => redis.pause(), async () => redis.resume()],
    [
      'full',
      /OOM: it is full \(maxmemory\) and refuses to write/,
      () => redis.cli('config', 'set', 'maxmemory', '1'),
      () => redis.cli('config', 'set', 'maxmemory', '0'),
    ],
    [
      'read-only',
      /READONLY: it is a replica, or read-only, and refuses to write/,
      () => redis.cli('replicaof', '127.0.0.1', '1'),
      () => redis.cli('replicaof', 'no', 'one'),
    ],
    [
      'asking for a password',
      /NOAUTH: it asks for a password, and none was given/,
      () => redis.cli('config', 'set', 'requirepass', 'secret'),
      () => redis.cli('-a', 'secret', '--no-auth-warning', 'config', 'set', 'requirepass', ''),
    ],
  ]

describe.each(broken)('a Redis that is %s', (_, cause, breakIt, mend) => {
  it('the revocation stands, 8, what is pending is named, and sync finishes it', async () => {
    await breakIt()
    const started = performance.now()
    const ran = await revoke(lost.id, '-o', 'json')
    const took = performance.now() - started
    try {
      expect(ran.code).toBe(8)
      expect(took).toBeLessThan(4_000)
      const { summary, blocklist, residualAccess } = ran.json<Result>()
      expect({ summary, blocklist }).toMatchObject({
        summary: { revoked: 1, accessTokensBlocked: 3 },
        blocklist: { mode: 'redis', published: 0, pending: 3 },
      })
      expect(residualAccess.map(({ jti }) => jti)).toEqual(lost.jtis)
      expect(residualAccess.map(({ sessionId }) => sessionId)).toEqual([lost.id, lost.id, lost.id])
      const last = residualAccess.at(-1)?.expiresAt ?? ''
      expect(Date.parse(last)).toBeGreaterThan(Date.now() + 13 * 60_000)
      expect(Date.parse(last)).toBeLessThanOrEqual(Date.now() + 14 * 60_000)
      const [, first = ''] = ran.stderr.split('\n')
      expect(first).toMatch(cause)
      expect(first).toContain(`: 3 access tokens may be used until ${last} at the latest.`)
      for (const jti of lost.jtis) expect(ran.stderr).toContain(`  ${jti} of session ${lost.id} until `)
      expect(ran.stderr).toMatch(/\nFinish it: meanderctl blocklist sync\n$/)
      expect(await leftOf(server, database, lost.id)).toEqual(ended('lost'))

      expect((await as('kari', 'blocklist', 'status')).code).toBe(7)
      expect((await as('kari', 'blocklist', 'sync')).code).toBe(8)
    } finally {
      await mend()
    }
    expect((await as('kari', 'blocklist', 'sync')).code).toBe(0)
    for (const jti of lost.jtis) {
      expect(await redis.cli('get', key(jti))).toBe(lost.id)
      expect((await as('kari', 'blocklist', 'check', jti)).code).toBe(0)
    }
    expect((await as('kari', 'blocklist', 'status')).code).toBe(0)
  })
})

it('8 goes before 3', async () => {
  await redis.cli('config', 'set', 'maxmemory', '1')
  const ran = await revoke(lost.id, randomUUID())
  await redis.cli('config', 'set', 'maxmemory', '0')
  expect(ran.code).toBe(8)
})

it('running it again tells Redis as well', async () => {
  await redis.cli('config', 'set', 'maxmemory', '1')
  expect((await revoke(lost.id)).code).toBe(8)
  await redis.cli('config', 'set', 'maxmemory', '0')
  const ran = await revoke(lost.id, '-o', 'json')
  expect(ran.code).toBe(0)
  expect(ran.json<Result>()).toMatchObject({
    summary: { revoked: 0, alreadyRevoked: 1 },
    blocklist: { published: 3, pending: 0 },
  })
})

it('a repeated request tells what is pending now', async () => {
  const request = ['--request-id', randomUUID(), '-o', 'json']
  await redis.cli('config', 'set', 'maxmemory', '1')
  const first = await revoke(lost.id, ...request)
  expect(first).toMatchObject({ code: 8 })
  await redis.cli('config', 'set', 'maxmemory', '0')
  const again = await revoke(lost.id, ...request)
  expect(again.code).toBe(0)
  expect(again.json<Result>()).toMatchObject({
    summary: first.json<Result>().summary,
    blocklist: { published: 3, pending: 0 },
    residualAccess: [],
  })
})

it('what others left pending does not make this one 8', async () => {
  const [other] = await seedSessions(server, database, [{ person: 'ola' }])
  await redis.cli('config', 'set', 'maxmemory', '1')
  expect((await revoke(other?.id ?? '')).code).toBe(8)
  await redis.cli('config', 'set', 'maxmemory', '0')
  expect((await revoke(lost.id)).code).toBe(0)
  expect((await as('kari', 'blocklist', 'check', other?.jtis[0] ?? '')).code).toBe(0)
})

it('without a Redis of its own: waits ten seconds for the publisher, then answers 8', async () => {
  const { ran, took } = await waiting.ended
  expect(ran.code).toBe(8)
  expect(took).toBeGreaterThan(9_500)
  expect(took).toBeLessThan(15_000)
  expect(ran.json<Result>().residualAccess.map(({ jti }) => jti)).toEqual(waiting.jtis)
  expect(ran.stderr).toContain('Redis could not be told (no publisher has told Redis within 10 seconds)')
  expect(await leftOf(server, waiting.database, waiting.id)).toEqual(ended('lost'))
})
