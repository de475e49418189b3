import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bin, cleanEnvironment } from '../e2e/meanderctl.ts'
import { password } from '../support/as-login.ts'
import { lostTokens } from '../support/both-stores.ts'
import { everythingOf } from '../support/bystanders.ts'
import { type Mutation, type MutationWorld, mutations } from '../support/mutations.ts'
import { createTemplate, peopledDatabase } from '../support/people.ts'
import { type PrivatePostgres, startPostgres } from '../support/postgres.ts'
import { randomOf } from '../support/random.ts'
import { type PrivateRedis, startRedis } from '../support/redis.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { chainBreaks, ownFolder, seedCrowd } from '../support/users.ts'

/**
 * Every changing command is cut at a random moment, in a process of its own: what it says must be so, and the same
 * command afterwards does the rest, once. `npm run soak` cuts 500 times, MEANDERCTL_SOAK_FAULTS says how often,
 * MEANDERCTL_SOAK_SEED which times; here each command is cut once.
 */
const soak = process.env.MEANDERCTL_SOAK !== undefined
const cuts = Number(process.env.MEANDERCTL_SOAK_FAULTS ?? (soak ? 500 : 25))
const seed = Number(process.env.MEANDERCTL_SOAK_SEED ?? Date.now() % 1_000_000)
const { below, pick } = randomOf(seed)

const folder = ownFolder()
let server: PrivatePostgres
let redis: PrivateRedis
let toServer: TcpProxy
let toRedis: TcpProxy
let database: string
let world: MutationWorld

beforeAll(async () => {
  // What is seeded must outlive a crash of the server too.
  ;[server, redis] = await Promise.all([
    startPostgres({ settings: { synchronous_commit: 'on' } }),
    startRedis({ args: ['--appendonly', 'yes'] }),
  ])
  await createTemplate(server)
  database = await peopledDatabase(server)
  ;[toServer, toRedis] = await Promise.all([startProxy(server), startProxy(redis)])
  await seedCrowd(server, database, 'foreign', 3, { organization: 'nhf', sessions: 2 })
  world = { server, database, redis, path: folder.path, calmly: (by, ...argv) => begin(by, argv).ended }
  expect((await begin('kari', ['audit', 'checkpoint', '--generate-key']).ended).code).toBe(0)
  expect((await begin('admin', ['blocklist', 'rebuild']).ended).code).toBe(0)
})
afterAll(async () => {
  await Promise.all([toServer?.close(), toRedis?.close()])
  await Promise.all([server?.stop(), redis?.stop()])
  folder.remove()
})

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** The built tool in a process of its own, behind both proxies. */
const begin = (
  by: Mutation['by'],
  argv: readonly string[],
  into = database,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } => {
  const child = spawn(process.execPath, [bin, ...argv], {
    env: cleanEnvironment({
      DATABASE_URL: `postgresql://${by}:${encodeURIComponent(password)}@127.0.0.1:${toServer.port}/${into}`,
      REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
      MEANDERCTL_SIGNING_KEY_FILE: folder.path('key.pem'),
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      said[name] += chunk.toString()
    })
  // Nothing here takes so long, however it is cut.
  const watch = setTimeout(() => child.kill('SIGABRT'), 60_000)
  const ended = once(child, 'close').then(([code, signal]) => {
    clearTimeout(watch)
    return { code, signal, ...said }
  })
  return { child, ended }
}

type Verdict = 'pass' | 'drop'
interface Fault {
  readonly name: string
  /** Done when a message of the command is on its way to the server; says what becomes of the message. */
  strike(child: ChildProcess): Verdict
  /** Makes everything whole again. */
  mend?(): Promise<unknown>
}
let mending: Promise<unknown> = Promise.resolve()
const passing =
  (strike: (child: ChildProcess) => unknown) =>
  (child: ChildProcess): Verdict => {
    strike(child)
    return 'pass'
  }
/** The answer to what is on its way is lost. */
const loseAnswer = (refuse: boolean) =>
  passing(() => {
    toServer.onResponse = () => {
      toServer.onResponse = null
      toServer.cut({ refuse })
      return 'drop'
    }
  })
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const
const faults: readonly Fault[] = [
  { name: 'answer lost', strike: loseAnswer(false) },
  {
    name: 'request lost',
    strike: () => {
      toServer.cut()
      return 'drop'
    },
  },
  {
    name: 'request lost, and the server knows nothing of it',
    strike: () => {
      toServer.cutClients()
      return 'drop'
    },
  },
  ...['answer lost', 'request lost'].map((lost): Fault => {
    const lose = lost === 'answer lost' ? loseAnswer(true) : null
    return {
      name: `${lost}, and the way back for a while`,
      strike: (child) => {
        // Now and then for longer than anybody waits.
        mending = sleep(soak && below(4) === 0 ? 12_000 : below(1500)).then(() => toServer.heal())
        if (lose) return lose(child)
        toServer.cut({ refuse: true })
        return 'drop'
      },
      mend: () => mending,
    }
  }),
  {
    name: 'backend terminated',
    strike: passing(() => {
      mending = server.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'meanderctl'",
      )
    }),
    mend: () => mending,
  },
  {
    name: 'server restarted',
    strike: passing(() => {
      mending = server.restart()
    }),
    mend: () => mending,
  },
  {
    name: 'server crashed',
    strike: passing(() => {
      mending = server.kill('SIGQUIT').then(() => server.restart())
    }),
    mend: () => mending,
  },
  {
    name: 'Redis cut',
    strike: passing(() => toRedis.cut({ refuse: true })),
    mend: async () => toRedis.heal(),
  },
  { name: 'Redis hangs', strike: passing(() => toRedis.pause()), mend: async () => toRedis.resume() },
  ...signals.map((signal): Fault => ({ name: signal, strike: passing((child) => child.kill(signal)) })),
  {
    name: 'SIGSTOP and SIGCONT',
    strike: passing((child) => {
      child.kill('SIGSTOP')
      setTimeout(() => child.kill('SIGCONT'), 200)
    }),
  },
  { name: 'SIGPIPE: nobody reads', strike: passing((child) => child.stdout?.destroy()) },
]

const isCommit = (bytes: Buffer) => bytes[0] === 0x51 && bytes.toString('latin1', 5).startsWith('commit')
/** How many messages each command sends, as far as is known. */
const messages = new Map<string, number>()

/** Waits until the server has done with what the command had sent. */
const settled = async (into: string): Promise<void> => {
  toServer.cut()
  const busy =
    "select count(*)::int as n from pg_stat_activity where datname = $1 and application_name = 'meanderctl'"
  for (let tries = 0; tries < 1000; tries++) {
    if ((await server.query<{ n: number }>(busy, [into]))[0]?.n === 0) return
    await sleep(10)
  }
  throw new Error('a backend stays')
}

/** What a failure says of what is done all the same. */
const told = /committed|sessions are (swept|revoked|purged)|tokens were gone through/i

/** One command, cut once. Returns how it ended. */
const round = async (command: string, fault: Fault, n: number): Promise<string> => {
  const name = `cut_${seed}_${n}`
  const mutation = await pick(mutations[command] ?? [])(world, name, n)
  const {
    by,
    parts,
    steps = false,
    redis: tellsRedis,
    noted = false,
    copies = false,
    requestId,
    again = 0,
  } = mutation
  const into = mutation.database ?? database
  const identified = requestId === 'needed' || (requestId === 'taken' && below(2) === 0)
  const id = identified ? ['--request-id', randomUUID()] : []
  const bystanders = await everythingOf(server, database, 'nhf')

  // The moment: one of its messages, or one of its COMMITs.
  const atCommit = below(3) === 0 ? 1 + below(3) : null
  const at = 1 + below(messages.get(command) ?? 25)
  let [seen, commits, struck] = [0, 0, false]
  const { child, ended } = begin(by, [...mutation.argv, ...id], into)
  toServer.onRequest = (bytes) => {
    seen += 1
    if (isCommit(bytes)) commits += 1
    if (struck || (atCommit === null ? seen < at : commits < atCommit)) return 'pass'
    struck = true
    return fault.strike(child)
  }
  const ran = await ended
  toServer.onRequest = null
  toServer.onResponse = null
  await fault.mend?.()
  messages.set(command, Math.max(seen, messages.get(command) ?? 0))
  await settled(into)

  const done = await mutation.done()
  const { code, signal, stderr } = ran
  const how = `${code ?? signal}, ${done} of ${parts} done, struck ${struck} at message ${seen}:\n${stderr}`
  if (!steps) expect([0, parts], how).toContain(done)
  expect(stderr, how).not.toMatch(/^ +at |Unexpected: /m)
  if (code === 0) expect(done, how).toBe(parts)
  else if (code === 8 && tellsRedis) expect(done, how).toBeGreaterThanOrEqual(noted ? parts - 1 : parts)
  else if (code === null) {
    // What interrupts a command that has answered already finds nobody who listens.
    expect(['SIGKILL', 'SIGHUP', ...(ran.stdout === '' ? [] : ['SIGINT', 'SIGTERM'])], how).toContain(signal)
  } else expect([1, 8, 10, 130, 143], how).toContain(code)
  if (code !== null && ![0, 8, 10].includes(code) && done > 0 && !copies) expect(stderr, how).toMatch(told)
  if (code !== 10 && /nothing was changed|was rolled back/.test(stderr) && !told.test(stderr))
    expect(done, how).toBe(0)
  if (code === 0 && tellsRedis) expect((await lostTokens(server, database, [redis])).lost, how).toEqual([])

  const words = done === parts ? (mutation.argvAgain ?? mutation.argv) : mutation.argv
  const repeated = await begin(by, [...words, ...id], into).ended
  const finished = done === parts && !identified ? again : 0
  expect(repeated.code, `${how}\nagain: ${repeated.stderr}`).toBe(finished)
  expect(await mutation.done(), how).toBe(parts)
  // What was said to be left to do.
  if (code === 8) expect((await begin('admin', ['blocklist', 'sync']).ended).code).toBe(0)
  expect((await lostTokens(server, database, [redis])).lost, how).toEqual([])
  expect(await chainBreaks(server, into, 'hlf')).toBe(0)
  expect(await chainBreaks(server, into, 'platform')).toBe(0)
  expect(await everythingOf(server, database, 'nhf')).toBe(bystanders)
  return struck ? `${fault.name}: ${code ?? signal}` : `not cut: ${code}`
}

it('every command that changes something is here', () => {
  const said = execFileSync(process.execPath, [bin, 'help', '--json'], { env: cleanEnvironment() })
  const { item } = JSON.parse(said.toString()) as {
    item: { commands: { command: string; effects: { changes: string[] } }[] }
  }
  const changing = item.commands.filter(({ effects }) => effects.changes.length > 0)
  expect(Object.keys(mutations).sort()).toEqual(changing.map(({ command }) => command).sort())
})

it(`${cuts} cuts, and each answer is so`, { timeout: 60_000 + cuts * 20_000 }, async () => {
  const commands = Object.keys(mutations)
  const tally: Record<string, number> = {}
  const began = performance.now()
  let order: string[] = []
  for (let n = 1; n <= cuts; n++) {
    if (order.length === 0) order = [...commands]
    const [command = ''] = order.splice(below(order.length), 1)
    const fault = pick(faults)
    const key = await round(command, fault, n).catch((error: unknown) => {
      throw new Error(`cut ${n} of seed ${seed}: ${command}, ${fault.name}`, { cause: error })
    })
    tally[key] = (tally[key] ?? 0) + 1
  }
  if (!soak) return
  const seconds = Math.round((performance.now() - began) / 1000)
  process.stdout.write(`${cuts} cuts, seed ${seed}, ${seconds} s\n${JSON.stringify(tally, null, 1)}\n`)
})
