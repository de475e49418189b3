import { createWriteStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { bin, cleanEnvironment } from '../e2e/meanderctl.ts'
import { password } from '../support/as-login.ts'
import { peopledDatabase } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { listOf, ownFolder, seedCrowd } from '../support/users.ts'

/** `npm run soak` takes the million of the promise; a tenth of it shows already what grows with the rows. */
const soak = process.env.MEANDERCTL_SOAK !== undefined
const rows = soak ? 1_000_000 : 100_000
const known = soak ? 1_000_000 : 20_000
const bound = soak ? 200 : 150

const server = postgresAt(inject('postgres'))
const folder = ownFolder()
let database: string

beforeAll(async () => {
  database = await peopledDatabase(server)
})
afterAll(() => folder.remove())

/** Runs the built tool, and tells the most memory that it ever had, in MB. */
const measured = async (...argv: string[]) => {
  const child = execa(process.execPath, [bin, 'users', ...argv], {
    env: cleanEnvironment({
      DATABASE_URL: server.url('kari', database, password),
      REDIS_URL: inject('redis').url,
      TMPDIR: folder.path('.'),
    }),
    extendEnv: false,
    stdin: 'ignore',
    stdout: { file: folder.path('stdout') },
    reject: false,
  })
  let peak = 0
  const look = setInterval(() => {
    try {
      const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
      peak = Math.max(peak, Number(kilobytes ?? 0) / 1024)
    } catch {
      // It has ended.
    }
  }, 20)
  const { exitCode, stderr } = await child
  clearInterval(look)
  const words = argv.filter((word) => !word.startsWith('/')).join(' ')
  process.stdout.write(`${Math.round(peak)} MB at most: users ${words}\n`)
  return { exitCode, stderr, peak }
}

const list = async (name: string, lines: Iterable<string>): Promise<string> => {
  await pipeline(Readable.from(lines), createWriteStream(folder.path(name)))
  return folder.path(name)
}
function* unknown(count: number): Generator<string> {
  yield 'email,reason\n'
  for (let n = 0; n < count; n++) yield `nobody-${n}@hlf.example,left for good\n`
}
const sure = ['--reason', 'left', '--yes']

it.runIf(process.platform === 'linux')(
  `a list of ${rows} rows that nobody is behind`,
  async () => {
    const path = await list('unknown.csv', unknown(rows))
    const refused = await measured('offboard', '--file', path, ...sure)
    expect(refused).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining(`${rows} rows of ${rows} cannot be taken`),
    })
    expect(refused.peak).toBeLessThan(bound)
    const skipped = await measured(
      'offboard',
      '--file',
      path,
      ...sure,
      '--skip-invalid',
      '--report',
      folder.path('report.csv'),
    )
    expect(skipped.exitCode).toBe(6)
    expect(skipped.peak).toBeLessThan(bound)
  },
  1_200_000,
)

it.runIf(process.platform === 'linux')(
  `a list of ${known} users`,
  async () => {
    const crowd = await seedCrowd(server, database, 'crowd', known, { sessions: soak ? 0 : 1 })
    const path = await list('known.csv', [listOf(crowd.emails)])
    const done = await measured('offboard', '--file', path, ...sure, '--report', folder.path('report.csv'))
    expect(done.exitCode).toBe(0)
    expect(done.peak).toBeLessThan(bound)
    const proven = await measured('verify', '--offboarded', '--file', path)
    expect(proven.exitCode).toBe(0)
    expect(proven.peak).toBeLessThan(bound)
  },
  1_200_000,
)
