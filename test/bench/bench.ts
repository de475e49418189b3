/** `npm run bench`: seeds two stores, measures every comparison on them, prints one table. `--help` tells the rest. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { parseArgs } from 'node:util'
import type pg from 'pg'
import { meanderctl } from '../e2e/meanderctl.ts'
import type { Bench, Comparison } from './comparison.ts'
import { audit } from './comparisons/audit.ts'
import { betterAuth, installPeer } from './comparisons/better-auth.ts'
import { firstPage } from './comparisons/first-page.ts'
import { growth } from './comparisons/growth.ts'
import { guards } from './comparisons/guards.ts'
import { incident } from './comparisons/incident.ts'
import { listAll } from './comparisons/list-all.ts'
import { offboarding } from './comparisons/offboard.ts'
import { publish } from './comparisons/publish.ts'
import { remote } from './comparisons/remote.ts'
import { revocation } from './comparisons/revocation.ts'
import { startUp } from './comparisons/start-up.ts'
import { stats } from './comparisons/stats.ts'
import { whoami } from './comparisons/whoami.ts'
import { openStage } from './data/stage.ts'
import { type Figure, median, type Series, takeTurns } from './measure.ts'
import { asMarkdown, asText } from './table.ts'

/** In the order in which they run: who only looks goes first. */
const comparisons: readonly Comparison[] = [
  startUp,
  whoami,
  firstPage,
  stats,
  listAll,
  audit,
  publish,
  growth,
  guards,
  incident,
  revocation,
  offboarding,
  remote,
  betterAuth,
]

const help = `npm run bench -- [COMPARISON…] [options]

Seeds a private PostgreSQL 15 and a Redis, runs the comparisons (all of them, or those named), prints one table.

  --sessions N     sessions to seed, a multiple of 1000 (10000000); a tenth as many people, a fifth active
  --events N       events of the long chain (as many as sessions)
  --data DIR       keep the seeded data in DIR, or take up what an earlier run left there
  --skip NAME      leave a comparison out; may be given several times
  --rounds N       at most so many rounds of each
  --json FILE      write everything that was measured
  --markdown FILE  put the table between the markers of FILE, as in docs/benchmarks.md
  --help

Comparisons:
${comparisons.map(({ name, about }) => `  ${name.padEnd(14)} ${about}`).join('\n')}
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: 'string', default: '10000000' },
    events: { type: 'string' },
    data: { type: 'string' },
    skip: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string', default: '1000' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const whole = (name: string, text: string, of = 1): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < of || number % of !== 0) {
    throw new Error(`--${name} wants a whole number${of === 1 ? '' : `, a multiple of ${of}`}: ${text}`)
  }
  return number
}

const markers = /(<!-- measured -->\n)[\s\S]*?(<!-- \/measured -->)/

const started = performance.now()
const say = (text: string): void => {
  const seconds = Math.round((performance.now() - started) / 1000)
  process.stderr.write(
    `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}  ${text}\n`,
  )
}

const run = async (): Promise<number> => {
  for (const name of [...positionals, ...values.skip]) {
    if (!comparisons.some((one) => one.name === name))
      throw new Error(`there is no comparison ${name}; see --help`)
  }
  const chosen = comparisons.filter(
    ({ name }) => (positionals.length === 0 || positionals.includes(name)) && !values.skip.includes(name),
  )
  const sessions = whole('sessions', values.sessions, 1000)
  const scale = { sessions, events: whole('events', values.events ?? values.sessions) }
  const most = whole('rounds', values.rounds)
  // Before half an hour's work is done for a file that cannot take it.
  if (values.markdown && !markers.test(readFileSync(values.markdown, 'utf8'))) {
    throw new Error(`${values.markdown} has no <!-- measured --> and <!-- /measured -->`)
  }
  // Not beside anything that is measured; where it failed, that comparison says so.
  if (chosen.includes(betterAuth)) await installPeer().catch(() => {})

  const { stage, close } = await openStage(scale, values.data ?? null, say)
  const measured: {
    comparison: string
    figures: readonly Figure[]
    series: readonly Series[]
    error?: string
  }[] = []
  for (const { name, run } of chosen) {
    say(name)
    const series: Series[] = []
    const turns: Bench['turns'] = async (subjects, { rounds, warmUp = 0 }) => {
      const took = await takeTurns(subjects, {
        rounds: Math.min(rounds, most),
        warmUp: Math.min(warmUp, most),
      })
      for (const one of took) say(`  ${one.name}: ${median(one.times).toFixed(1)} ms`)
      series.push(...took)
      return took
    }
    const clients: pg.Client[] = []
    const connect: Bench['connect'] = async (login, options) => {
      const client = await stage.connect(login, options)
      clients.push(client)
      return client
    }
    try {
      measured.push({
        comparison: name,
        figures: await run({ ...stage, connect, turns, say: (text) => say(`  ${text}`) }),
        series,
      })
    } catch (error) {
      say(`  failed: ${error instanceof Error ? error.stack : error}`)
      measured.push({ comparison: name, figures: [], series, error: String(error) })
    }
    await Promise.all(clients.map((client) => client.end()))
  }
  const about = {
    meanderctl: (await meanderctl(['--version'])).stdout.trim(),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    at: new Date().toISOString(),
    machine: `${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}`,
    versions: {
      node: process.version,
      postgresql: (
        await stage.postgres.query<{ v: string }>("select current_setting('server_version') as v")
      )[0]?.v,
      redis: /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1],
    },
    ...scale,
  }
  await close()

  const figures = measured.flatMap((one) => one.figures)
  process.stdout.write(`${asText(figures)}\n`)
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ ...about, measured }, null, 2)}\n`)
  if (values.markdown) {
    const { node, postgresql, redis } = about.versions
    const head = [
      `\`${about.command}\`, ${about.at.slice(0, 10)}, ${about.meanderctl}`,
      about.machine,
      `Node.js ${node}, PostgreSQL ${postgresql}, Redis ${redis}`,
    ]
    const text = `${head.map((line) => `- ${line}`).join('\n')}\n\n${asMarkdown(figures)}`
    const page = readFileSync(values.markdown, 'utf8')
    writeFileSync(
      values.markdown,
      page.replace(markers, (_, before, after) => `${before}\n${text}\n\n${after}`),
    )
  }
  return measured.some(({ error }) => error) ? 1 : 0
}

if (values.help) process.stdout.write(help)
else {
  process.exitCode = await run().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`)
    return 1
  })
}
