import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, createWriteStream, existsSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hashOf, noHash } from '../../src/service/audit/chain.ts'
import { encodeFields, hashedFields } from '../../src/service/audit/exported-event.ts'
import { bin, cleanEnvironment } from '../e2e/meanderctl.ts'
import { password } from '../support/as-login.ts'
import { createTemplate, organizations, people, templateName } from '../support/people.ts'
import { type PrivatePostgres, startPostgres } from '../support/postgres.ts'
import { findPostgres } from '../support/postgres-binaries.ts'
import { compare, expectTargets, type Subject } from './ratio.ts'

/** Events of one chain: a million unless the environment asks for a quicker look. */
const events = Number(process.env.MEANDERCTL_BENCH_EVENTS ?? 1_000_000)
const rounds = Number(process.env.MEANDERCTL_BENCH_ROUNDS ?? 3)
/** What a process may need, however long the record. */
const megabytes = 256

let postgres: PrivatePostgres
let psql: string
const at = (file: string) => join(postgres.folder, file)

beforeAll(async () => {
  postgres = await startPostgres({ settings: { shared_buffers: '1GB', max_wal_size: '8GB' } })
  const beside = join(dirname((await findPostgres(undefined, postgres.folder)).initdb), 'psql')
  psql = existsSync(beside) ? beside : 'psql'
  await createTemplate(postgres)
  // The chain as our own rule makes it: through the functions it would take minutes.
  await pipeline(Readable.from(chain()), createWriteStream(at('chain.tsv')))
  await ran([
    ...[psql, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', postgres.url('postgres', templateName)],
    ...['-c', "set session_replication_role = 'replica'"],
    ...['-c', 'truncate meander.audit_log'],
    ...['-c', `\\copy meander.audit_log from '${at('chain.tsv')}'`],
    ...['-c', 'vacuum analyze meander.audit_log'],
  ])
  await postgres.query(
    `update meander.audit_heads h set seq = a.seq, hash = a.hash from meander.audit_log a
     where a.organization_id = h.organization_id and a.seq = $1`,
    [events],
    templateName,
  )
}, 600_000)
afterAll(() => postgres.stop())

/** Events as COPY takes them, each linked to the one before. */
function* chain(): Generator<string> {
  let prevHash = noHash
  let lines = ''
  const start = Date.parse('2026-01-01T00:00:00Z') * 1000
  for (let seq = 1; seq <= events; seq++) {
    const texts = {
      actor: 'kari',
      actorUserId: people.kari.id,
      action: 'session.revoked',
      targetType: 'session',
      targetId: randomUUID(),
      reason: `mistet på toget, sak ${seq}`,
      ticket: seq % 3 === 0 ? `HELP-${seq % 5000}` : null,
      requestId: randomUUID(),
      details: `{"userId": "${people.mari.id}", "priorState": "active", "accessTokensBlocked": 1, "refreshTokensRevoked": ${seq % 7}}`,
    }
    const organizationId = organizations.hlf
    const event = { organizationId, seq, at: start + seq * 1000, prevHash, fields: encodeFields(texts) }
    const hash = hashOf({ ...event, hash: '' })
    const moment = new Date(event.at / 1000).toISOString()
    const values = hashedFields.map((field) => texts[field] ?? '\\N')
    lines += `${organizationId}\t${seq}\t${moment}\t${values.join('\t')}\t\\\\x${prevHash}\t\\\\x${hash}\n`
    prevHash = hash
    if (lines.length < 65_536) continue
    yield lines
    lines = ''
  }
  yield lines
}

/** The most memory that each process had, in MB, by the name of its subject. */
const peaks = new Map<string, number>()

/** A process from start to exit, what it says in a file. @throws when it does not end with 0. */
const ran = async (
  argv: readonly string[],
  { out = '/dev/null', name = '', env = {} } = {},
): Promise<void> => {
  const file = openSync(out, 'w')
  const [command = '', ...args] = argv
  const child = spawn(command, args, { env: cleanEnvironment(env), stdio: ['ignore', file, 'pipe'] })
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said += chunk
  })
  const look = setInterval(() => {
    try {
      const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
      peaks.set(name, Math.max(peaks.get(name) ?? 0, Number(kilobytes ?? 0) / 1024))
    } catch {
      // It has ended, or this is no Linux.
    }
  }, 20)
  const [code] = await once(child, 'close')
  clearInterval(look)
  closeSync(file)
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${said}`)
}

const copy = (): Subject => ({
  name: "psql's COPY",
  run: () =>
    ran(
      [
        ...[psql, '-X', '-d', postgres.url('postgres', templateName)],
        ...[
          '-c',
          `copy (select * from meander.audit_log where organization_id = '${organizations.hlf}' order by seq) to stdout`,
        ],
      ],
      { out: at('copy.tsv'), name: 'psql' },
    ),
})
/** One run of the built tool as kari; `share` of the chain's events. */
const audit = (args: string, file: string, target?: number): Subject => {
  const name = `audit ${args.replace(/ \/\S+/, '')}`
  const env = { DATABASE_URL: postgres.url('kari', templateName, password) }
  const run = () => ran([process.execPath, bin, 'audit', ...args.split(' ')], { out: at(file), name, env })
  return { name, run, ...(target !== undefined && { target }) }
}

it('verifies and exports as fast as the server gives it', async () => {
  const measured = await compare(
    `a record of ${events} events`,
    [
      copy(),
      // At least 0.3, and 0.4, of the rows a second.
      audit('verify', 'verify', 1 / 0.3),
      audit('export', 'export.ndjson', 1 / 0.4),
      audit('export -o csv', 'export.csv'),
      audit(`verify --export ${at('export.ndjson')}`, 'verify'),
      audit('export --limit 100000', 'part.ndjson'),
    ],
    { rounds, warmUp: 1 },
  )
  const [copied] = measured
  for (const { name, median } of measured) {
    const part = name.includes('--limit') ? Math.min(100_000, events) : events
    const rate = Math.round((part / median) * 1000).toLocaleString('en-US')
    const relative = ((copied?.median ?? Number.NaN) * part) / events / median
    const peak = Math.round(peaks.get(name === "psql's COPY" ? 'psql' : name) ?? 0)
    process.stdout.write(
      `${name}: ${rate} events a second, ${relative.toFixed(2)} of COPY, ${peak} MB at most\n`,
    )
  }
  expect([...peaks].filter(([, peak]) => peak > megabytes)).toEqual([])
  expectTargets(measured)
})
