import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { bin, cleanEnvironment } from '../e2e/meanderctl.ts'
import { asLogin, closeLogins, password } from '../support/as-login.ts'
import { everythingOf } from '../support/bystanders.ts'
import { peopledDatabase } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import { run } from '../support/run.ts'
import {
  type Crowd,
  chainBreaks,
  endedOnce,
  listOf,
  ownFolder,
  readReport,
  seedCrowd,
  stateOf,
} from '../support/users.ts'

/** `npm run soak` kills 200 times; here it is enough to see that it can be survived. */
const soak = process.env.MEANDERCTL_SOAK !== undefined
const kills = soak ? 200 : 10
const size = 5000

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const folder = ownFolder()
let database: string
let bystanders: string

/** The built tool in a process of its own, on a list of this crowd. */
const begin = (crowd: Crowd, report: string, ...argv: string[]) => {
  const list = folder.path(`${crowd.name}.csv`)
  writeFileSync(list, listOf(crowd.emails))
  const args = ['users', 'offboard', '--file', list, '--report', report, '--reason', 'left', '--yes', ...argv]
  return execa(process.execPath, [bin, ...args], {
    env: cleanEnvironment({
      DATABASE_URL: server.url('kari', database, password),
      REDIS_URL: redis,
      TMPDIR: folder.path('.'),
    }),
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  })
}
const users = (argv: readonly string[], url = redis) =>
  run(server, database, 'kari', ['users', ...argv], { redis: url })
const counted = (report: string) => {
  const counts: Record<string, number> = {}
  for (const { outcome } of readReport(report)) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}
/** Waits until the run has committed some of it. */
const underWay = async (crowd: Crowd): Promise<void> => {
  for (let tries = 0; tries < 600; tries++) {
    const state = await stateOf(server, database, crowd)
    if (state && state.active < crowd.emails.length) return
    await sleep(20)
  }
  throw new Error('nothing was done in time')
}

beforeAll(async () => {
  database = await peopledDatabase(server)
  await seedCrowd(server, database, 'foreign', 3, { organization: 'nhf' })
  bystanders = await everythingOf(server, database, 'nhf')
})
afterAll(async () => {
  expect(await everythingOf(server, database, 'nhf')).toBe(bystanders)
  await closeLogins()
  folder.remove()
})

describe('an interrupt', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s: within 5 seconds the report of every row, what is done and how to go on',
    async (signal, code) => {
      const crowd = await seedCrowd(server, database, signal.toLowerCase(), size)
      const report = folder.path(`${crowd.name}-report.csv`)
      const child = begin(crowd, report, '--batch-size', '50')
      await underWay(crowd)
      const began = performance.now()
      child.kill(signal)
      const { exitCode, stderr } = await child
      expect(performance.now() - began).toBeLessThan(5000)
      expect(exitCode).toBe(code)
      const { active = 0 } = (await stateOf(server, database, crowd)) ?? {}
      expect(active).toBeGreaterThan(0)
      expect(counted(report)).toEqual({ offboarded: size - active, failed: active })
      expect(stderr).toContain(`${size - active} users done and committed, ${active} not.`)
      expect(stderr).toContain('Run the same users offboard again')

      const rest = await begin(crowd, report)
      expect(rest.exitCode).toBe(0)
      expect(counted(report)).toEqual({ offboarded: active, alreadyOffboarded: size - active })
      expect(await stateOf(server, database, crowd)).toEqual(endedOnce(size))
      expect(await chainBreaks(server, database, 'hlf')).toBe(0)
    },
  )

  it('while another transaction holds a user: what waits is rolled back', async () => {
    const crowd = await seedCrowd(server, database, 'blocked', 100)
    const report = folder.path('blocked-report.csv')
    const holder = await asLogin(server, database, 'postgres')
    await holder.rows(`begin; select from meander.users where email = 'blocked-75@hlf.example' for update`)
    const child = begin(crowd, report, '--batch-size', '50')
    await underWay(crowd)
    await sleep(200)
    const began = performance.now()
    child.kill('SIGINT')
    const { exitCode } = await child
    expect(performance.now() - began).toBeLessThan(5000)
    expect(exitCode).toBe(130)
    expect(counted(report)).toEqual({ offboarded: 50, failed: 50 })
    await holder.rows('rollback')
    expect((await begin(crowd, report)).exitCode).toBe(0)
    expect(await stateOf(server, database, crowd)).toEqual(endedOnce(100))
  })

  it('before anything is done: nothing is', async () => {
    const crowd = await seedCrowd(server, database, 'early', 2000)
    const child = begin(crowd, folder.path('early-report.csv'))
    await sleep(150)
    child.kill('SIGINT')
    const { exitCode, signal } = await child
    if (signal === undefined) expect([0, 130]).toContain(exitCode)
    expect((await begin(crowd, folder.path('early-report.csv'))).exitCode).toBe(0)
    expect(await stateOf(server, database, crowd)).toEqual(endedOnce(2000))
  })
})

describe('a connection that is lost in the middle', () => {
  it('stops the run: the report says of every row what is certain, and the same command does the rest', async () => {
    const crowd = await seedCrowd(server, database, 'lost', 3000)
    const report = folder.path('lost-report.csv')
    const child = begin(crowd, report, '--batch-size', '50')
    await underWay(crowd)
    await server.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'kari' and datname = $1`,
      [database],
    )
    const { exitCode, stderr } = await child
    const { active = 0 } = (await stateOf(server, database, crowd)) ?? {}
    expect(active).toBeGreaterThan(0)
    expect(exitCode).toBe(1)
    expect(counted(report)).toEqual({ offboarded: 3000 - active, failed: active })
    expect(stderr).toContain(`${3000 - active} users done and committed, ${active} not.`)
    expect((await begin(crowd, report)).exitCode).toBe(0)
    expect(await stateOf(server, database, crowd)).toEqual(endedOnce(3000))
  })
})

describe('an interrupt of a proof', () => {
  it('ends the waiting: 130', async () => {
    const crowd = await seedCrowd(server, database, 'waiting', 1)
    const child = execa(process.execPath, [bin, 'users', 'verify', crowd.emails[0] ?? '', '--wait', '60s'], {
      env: cleanEnvironment({ DATABASE_URL: server.url('kari', database, password), REDIS_URL: redis }),
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
    })
    await sleep(1500)
    const began = performance.now()
    child.kill('SIGINT')
    expect((await child).exitCode).toBe(130)
    expect(performance.now() - began).toBeLessThan(5000)
  })
})

describe('a disk that fills up under the report', () => {
  it('keeps nobody from being ended: 1, which says so, and no half of a report', async () => {
    const crowd = await seedCrowd(server, database, 'full', 3000)
    const [list, report] = [folder.saved(listOf(crowd.emails)), folder.path('full-report.csv')]
    const args = ['users', 'offboard', '--file', list, '--report', report, '--reason', 'left', '--yes']
    // 100 KB a file: enough for the list, and for a third of the report.
    const child = await execa(
      'sh',
      ['-c', 'ulimit -f 200; exec "$@"', 'sh', process.execPath, bin, ...args],
      {
        env: cleanEnvironment({
          DATABASE_URL: server.url('kari', database, password),
          REDIS_URL: redis,
          TMPDIR: folder.path('.'),
        }),
        extendEnv: false,
        stdin: 'ignore',
        reject: false,
      },
    )
    expect(child.exitCode).toBe(1)
    expect(child.stderr).toMatch(/3000 users off-boarded;[\s\S]*The report .* could not be written: EFBIG/)
    expect(await stateOf(server, database, crowd)).toEqual(endedOnce(3000))
    expect(readdirSync(folder.path('.')).filter((name) => name.includes('full-report'))).toEqual([])
  })
})

describe('SIGKILL', () => {
  it(
    `${kills} times at random moments, each followed by the same command: each user once, the report whole`,
    async () => {
      const report = folder.path('killed-report.csv')
      let done = 0
      for (let killed = 0, n = 0; killed < kills; n++) {
        const crowd = await seedCrowd(server, database, `killed${n}`, size)
        rmSync(report, { force: true })
        for (let finished = false; !finished; ) {
          const child = begin(crowd, report, '--batch-size', '250')
          if (killed < kills) {
            const moment = 100 + Math.random() * 1200
            const timer = setTimeout(() => child.kill('SIGKILL'), moment)
            const { exitCode, signal } = await child
            clearTimeout(timer)
            if (signal === 'SIGKILL') killed += 1
            finished = exitCode === 0
          } else {
            finished = (await child).exitCode === 0
            expect(finished).toBe(true)
          }
          // Never half of one, whoever was killed writing it.
          if (readdirSync(folder.path('.')).includes('killed-report.csv'))
            expect(readReport(report)).toHaveLength(size)
        }
        expect(Object.keys(counted(report)).filter((outcome) => !/offboarded/i.test(outcome))).toEqual([])
        expect(await stateOf(server, database, crowd)).toEqual(endedOnce(size))
        expect(await chainBreaks(server, database, 'hlf')).toBe(0)
        done += size
      }
      if (soak) process.stdout.write(`${kills} kills, ${done} users: each off-boarded once\n`)
      const proof = await users(['verify', '--file', report, '--offboarded'])
      expect(proof.code).toBe(0)
    },
    soak ? 3_600_000 : 120_000,
  )
})

describe('two at once on the same list', () => {
  it('end each user once, and both say so', async () => {
    const crowd = await seedCrowd(server, database, 'twice', 2000)
    const reports = [folder.path('twice-1.csv'), folder.path('twice-2.csv')]
    const both = await Promise.all(reports.map((report) => begin(crowd, report, '--batch-size', '100')))
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    const ended = reports.map((report) => counted(report))
    expect((ended[0]?.offboarded ?? 0) + (ended[1]?.offboarded ?? 0)).toBe(2000)
    expect((ended[0]?.alreadyOffboarded ?? 0) + (ended[1]?.alreadyOffboarded ?? 0)).toBe(2000)
    expect(await stateOf(server, database, crowd)).toEqual(endedOnce(2000))
    expect(await chainBreaks(server, database, 'hlf')).toBe(0)
  })
})

describe('Redis dead or hanging', () => {
  it('slows the run once, not with every transaction: 8, what is usable is named, sync finishes it', async () => {
    const own = await startRedis()
    try {
      const crowd = await seedCrowd(server, database, 'hanging', 300)
      const list = folder.saved(listOf(crowd.emails))
      own.pause()
      const began = performance.now()
      const argv = [
        'offboard',
        '--file',
        list,
        '--reason',
        'left',
        '--yes',
        '--batch-size',
        '10',
        '-o',
        'json',
      ]
      const ran = await users(argv, own.url)
      // Thirty transactions; a Redis that hangs is waited for about two seconds.
      expect(performance.now() - began).toBeLessThan(15_000)
      own.resume()
      expect(ran.code).toBe(8)
      const result = ran.json<{
        summary: object
        blocklist: object
        residualAccess: { jti: string; sessionId: string; expiresAt: string }[]
      }>()
      expect(result).toMatchObject({
        summary: { offboarded: 300 },
        blocklist: { mode: 'redis', published: 0, pending: 300 },
      })
      const blocked = await server.query<{ jti: string }>(
        `select b.jti from meander.token_blocklist b join meander.sessions s on s.id = b.session_id
         join meander.users u on u.id = s.user_id where u.email ^@ 'hanging-' order by 1`,
        [],
        database,
      )
      expect(result.residualAccess.map(({ jti }) => jti).sort()).toEqual(blocked.map(({ jti }) => jti))
      expect(ran.stderr).toContain('meanderctl blocklist sync')
      expect((await users(['verify', '--file', list], own.url)).code).toBe(7)
      expect((await run(server, database, 'kari', ['blocklist', 'sync'], { redis: own.url })).code).toBe(0)
      expect((await users(['verify', '--file', list, '--offboarded'], own.url)).code).toBe(0)
      const again = await users(argv, own.url)
      expect(again).toMatchObject({ code: 0 })
    } finally {
      own.resume()
      await own.stop()
    }
  })

  it('dies in the middle: what came before is published, the rest is named', async () => {
    const own = await startRedis()
    try {
      const crowd = await seedCrowd(server, database, 'dying', 1500)
      const list = folder.saved(listOf(crowd.emails))
      const running = users(
        ['offboard', '--file', list, '--reason', 'left', '--yes', '--batch-size', '50', '-o', 'json'],
        own.url,
      )
      await underWay(crowd)
      await own.kill()
      const ran = await running
      expect(ran.code).toBe(8)
      const { blocklist, residualAccess } = ran.json<{
        blocklist: { published: number; pending: number }
        residualAccess: object[]
      }>()
      expect(blocklist.published + blocklist.pending).toBe(1500)
      expect(residualAccess).toHaveLength(blocklist.pending)
      expect(await stateOf(server, database, crowd)).toEqual(endedOnce(1500))
    } finally {
      await own.stop()
    }
  })
})
