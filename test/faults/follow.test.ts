import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { bin, cleanEnvironment } from '../e2e/meanderctl.ts'
import { holdAnswer } from '../support/answers.ts'
import { asLogin, password } from '../support/as-login.ts'
import { createTemplate, peopledDatabase, type SeededSession, seedSessions } from '../support/people.ts'
import { type PrivatePostgres, startPostgres } from '../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../support/redis.ts'
import { type RunOptions, run } from '../support/run.ts'

/** `blocklist sync --follow` as a process of its own, for operators who hold no credential of Redis. */

let server: PrivatePostgres
let redis: PrivateRedis
let database: string

beforeAll(async () => {
  ;[server, redis] = await Promise.all([startPostgres(), startRedis()])
  await createTemplate(server)
  database = await peopledDatabase(server)
})
afterAll(() => Promise.all([server.stop(), redis.stop()]))

const started: Publisher[] = []
afterEach(async () => {
  for (const publisher of started.splice(0)) {
    publisher.child.kill('SIGKILL')
    await publisher.child
  }
})

interface Publisher {
  readonly child: ReturnType<typeof spawn>
  readonly said: { stdout: string; stderr: string }
  hears(stream: 'stdout' | 'stderr', words: RegExp): Promise<void>
}
const spawn = (login: string, argv: readonly string[]) =>
  execa(process.execPath, [bin, 'blocklist', 'sync', '--follow', ...argv], {
    env: cleanEnvironment({
      DATABASE_URL: server.url(login, database, password),
      REDIS_URL: redis.url,
    }),
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  })
const follow = async (login = 'publisher', ...argv: string[]): Promise<Publisher> => {
  const child = spawn(login, argv)
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.on('data', (chunk: Buffer) => {
      said[stream] += chunk.toString()
    })
  }
  const publisher: Publisher = {
    child,
    said,
    hears: (stream, words) => expect.poll(() => said[stream], { timeout: 15_000 }).toMatch(words),
  }
  started.push(publisher)
  await publisher.hears(argv.length > 0 ? 'stdout' : 'stderr', /following/)
  return publisher
}

const seed = async (): Promise<SeededSession> => {
  const [session] = await seedSessions(server, database, [{ person: 'mari', chain: 2 }])
  return session as SeededSession
}
/** As an operator without a Redis, who waits for the publisher. */
const revoke = async (session: SeededSession) => {
  const began = performance.now()
  const argv = ['sessions', 'revoke', session.id, '--reason', 'lost', '--yes', '-o', 'json']
  const ran = await run(server, database, 'kari', argv)
  return { ran, took: performance.now() - began }
}
const expectBlocked = async ({ jtis }: SeededSession) => {
  for (const jti of jtis) expect(await redis.cli('exists', `meander:blocklist:jti:${jti}`)).toBe('1')
}
const status = async (options: RunOptions = { redis: redis.url }) =>
  (await run(server, database, 'publisher', ['blocklist', 'status'], options)).code

it('publishes as soon as something is blocked, several at once, each token once', async () => {
  const publishers = await Promise.all([follow(), follow(), follow('admin')])
  for (let n = 0; n < 5; n++) {
    const session = await seed()
    const { ran, took } = await revoke(session)
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({ blocklist: { published: 2, pending: 0 }, residualAccess: [] })
    expect(took).toBeLessThan(2_000)
    await expectBlocked(session)
  }
  const lines = publishers.flatMap(({ said }) => said.stdout.trim().split('\n').filter(Boolean))
  const counts = lines.map((line) => /^\S+Z published (\d+) access tokens?, 0 pending$/.exec(line)?.[1])
  expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(10)
  expect(await status()).toBe(0)
})

it('is not kept busy by a login that rings and rings, and publishes meanwhile', async () => {
  const publisher = await follow()
  const asked = async () => {
    const stats = await redis.cli('info', 'commandstats')
    return Number(/cmdstat_exists:calls=(\d+)/.exec(stats)?.[1] ?? 0)
  }
  const stranger = await asLogin(server, database, 'stranger')
  try {
    const before = await asked()
    const until = performance.now() + 2_000
    let rung = 0
    let session: SeededSession | undefined
    let revoking: ReturnType<typeof revoke> | undefined
    while (performance.now() < until) {
      await stranger.rows('notify meander_blocklist')
      if (++rung === 100) {
        session = await seed()
        revoking = revoke(session)
      }
    }
    const passes = (await asked()) - before
    expect(rung).toBeGreaterThan(200)
    expect(passes).toBeLessThan(60)
    expect((await revoking)?.ran.code).toBe(0)
    await expectBlocked(session as SeededSession)
    expect(publisher.said.stderr).not.toContain('waiting')
  } finally {
    await stranger.close()
  }
})

describe('goes on', () => {
  it('when Redis dies and comes back empty: says so, and puts back what was there', async () => {
    const before = await seed()
    const publisher = await follow()
    expect((await revoke(before)).ran.code).toBe(0)
    await redis.kill()
    await publisher.hears('stderr', /waiting: .*(the connection was lost|nothing listens there)/)
    const session = await seed()
    const revoking = revoke(session)
    await sleep(500)
    await redis.restart()
    expect((await revoking).ran.code).toBe(0)
    await publisher.hears('stdout', /put back \d+ access tokens that Redis had lost/)
    await publisher.hears('stderr', /going on after: /)
    await expectBlocked(before)
    await expectBlocked(session)
    expect(await status()).toBe(0)
    expect(publisher.said.stderr.trim().split('\n').length).toBeLessThan(8)
  })

  it('when Redis hangs, and when it is full', async () => {
    const publisher = await follow()
    redis.pause()
    await publisher.hears('stderr', /waiting: .*no answer in time/)
    redis.resume()
    await publisher.hears('stderr', /going on after: .*no answer in time/)
    await redis.cli('config', 'set', 'maxmemory', '1')
    const session = await seed()
    const revoking = revoke(session)
    await publisher.hears('stderr', /waiting: .*OOM: it is full/)
    await redis.cli('config', 'set', 'maxmemory', '0')
    expect((await revoking).ran.code).toBe(0)
    await expectBlocked(session)
  })

  it('when somebody empties Redis while nothing is to be published', async () => {
    const session = await seed()
    const publisher = await follow()
    expect((await revoke(session)).ran.code).toBe(0)
    await redis.cli('flushall')
    await publisher.hears('stdout', /put back \d+ access tokens that Redis had lost, 0 pending/)
    await expectBlocked(session)
    expect(await status()).toBe(0)
  })

  it('when PostgreSQL crashes, restarts or ends its session', async () => {
    const publisher = await follow()
    await server.kill('SIGKILL')
    await publisher.hears('stderr', /waiting: (The connection to|Nothing listens at) /)
    await server.restart()
    await publisher.hears('stderr', /going on after: /)
    const session = await seed()
    const first = await revoke(session)
    expect(first.ran.code).toBe(0)
    expect(first.took).toBeLessThan(2_000)
    await server.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'publisher'`)
    const next = await seed()
    expect((await revoke(next)).ran.code).toBe(0)
    await expectBlocked(session)
    await expectBlocked(next)
  })
})

describe('ends', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('at %s with %i, says what is done and leaves nothing in flight', async (signal, code) => {
    const publisher = await follow()
    const session = await seed()
    expect((await revoke(session)).ran.code).toBe(0)
    await publisher.hears('stdout', /published/)
    const began = performance.now()
    publisher.child.kill(signal)
    const { exitCode, stderr } = await publisher.child
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(exitCode).toBe(code)
    expect(stderr).toContain('Stopped: 2 access tokens published; nothing is in flight.')
    const left = `select count(*)::int as left from pg_stat_activity where usename = 'publisher'`
    await expect.poll(() => server.query(left)).toEqual([{ left: 0 }])
  })

  it('at SIGTERM while Redis hangs, within five seconds: what was claimed is pending again', async () => {
    const publisher = await follow()
    redis.pause()
    const session = await seed()
    const revoking = revoke(session)
    await sleep(700)
    const began = performance.now()
    publisher.child.kill('SIGTERM')
    const { exitCode } = await publisher.child
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(exitCode).toBe(143)
    redis.resume()
    await follow()
    expect((await revoking).ran.code).toBe(0)
    await expectBlocked(session)
  })

  it('at SIGTERM while PostgreSQL hangs, within six seconds', async () => {
    const publisher = await follow()
    await server.kill('SIGSTOP')
    try {
      // Long enough for a look that gets no answer to be under way.
      await sleep(5_500)
      const began = performance.now()
      publisher.child.kill('SIGTERM')
      const { exitCode } = await publisher.child
      expect(performance.now() - began).toBeLessThan(6_000)
      expect(exitCode).toBe(143)
    } finally {
      await server.kill('SIGCONT')
    }
  })

  it('when its right is taken away: 4, not a wait for ever', async () => {
    const publisher = await follow()
    await server.query('revoke meander_publisher from publisher')
    const { exitCode } = await publisher.child
    await server.query('grant meander_publisher to publisher')
    expect(exitCode).toBe(4)
  })
})

it('with -o ndjson every line is an object', async () => {
  const publisher = await follow('publisher', '-o', 'ndjson')
  const session = await seed()
  expect((await revoke(session)).ran.code).toBe(0)
  await publisher.hears('stdout', /published/)
  const { stdout } = publisher.said
  holdAnswer(['blocklist', 'sync', '--follow', '-o', 'ndjson'], { code: 0, stdout, stderr: '' })
  const events = publisher.said.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(events).toEqual([
    { at: expect.stringMatching(/Z$/), event: 'following', tokens: 0, pending: 0, message: null },
    { at: expect.stringMatching(/Z$/), event: 'published', tokens: 2, pending: 0, message: null },
  ])
})

it('is for who reaches everything, and has a Redis to tell', async () => {
  const as = (login: string, options: RunOptions, ...argv: string[]) =>
    run(server, database, login, ['blocklist', 'sync', '--follow', ...argv], options)
  const own = { redis: redis.url }
  for (const login of ['kari', 'gro', 'ada']) expect((await as(login, own)).code).toBe(5)
  for (const login of ['stranger', 'auth']) expect((await as(login, own)).code).toBe(4)
  expect((await as('publisher', {})).code).toBe(2)
  expect((await as('publisher', own, '-o', 'csv')).code).toBe(2)
  const other = await peopledDatabase(server)
  await run(server, other, server.superuser, ['db', 'migrate', '--blocklist', 'database'])
  const ran = await run(server, other, 'publisher', ['blocklist', 'sync', '--follow'], own)
  expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('reads the database itself') })
})
