import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { livesOf, lostTokens } from '../support/both-stores.ts'
import { peopledDatabase, type SeededSession, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { randomOf } from '../support/random.ts'
import {
  type PrivateCluster,
  type PrivateRedis,
  startCluster,
  startRedis,
  startSentinel,
} from '../support/redis.ts'
import { run } from '../support/run.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/**
 * Random faults at random moments of a revocation, and then whoever mends: no token may be lost. `npm run soak` does a
 * thousand, MEANDERCTL_SOAK_FAULTS says how many, MEANDERCTL_SOAK_SEED which; here twenty are enough to see that it works.
 */
const count = Number(
  process.env.MEANDERCTL_SOAK_FAULTS ?? (process.env.MEANDERCTL_SOAK === undefined ? 20 : 1000),
)
const seed = Number(process.env.MEANDERCTL_SOAK_SEED ?? Date.now() % 1_000_000)

const { below: random, pick } = randomOf(seed)

const server = postgresAt(inject('postgres'))
let database: string
let redis: PrivateRedis
let proxy: TcpProxy
let cluster: PrivateCluster
let clusterDatabase: string
let sentinelDatabase: string

beforeAll(async () => {
  ;[database, clusterDatabase, sentinelDatabase, redis, cluster] = await Promise.all([
    peopledDatabase(server),
    peopledDatabase(server),
    peopledDatabase(server),
    startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'no'] }),
    startCluster({ args: ['--cluster-require-full-coverage', 'no'] }),
  ])
  proxy = await startProxy(redis)
})
afterAll(async () => {
  await proxy.close()
  await Promise.all([redis.stop(), cluster.stop()])
})

interface Fault {
  readonly name: string
  /** What was confirmed before may be gone. */
  readonly loses?: boolean
  harm(): unknown
  mend(): unknown
}
const faults: readonly Fault[] = [
  { name: 'nothing', harm: () => {}, mend: () => {} },
  { name: 'killed, back empty', loses: true, harm: () => redis.kill(), mend: () => redis.restart() },
  {
    name: 'killed, back from an old snapshot',
    loses: true,
    harm: () => redis.kill(),
    mend: () => redis.restart({ keep: true }),
  },
  { name: 'paused', harm: () => redis.pause(), mend: () => redis.resume() },
  {
    name: 'full',
    harm: () => redis.cli('config', 'set', 'maxmemory', '1'),
    mend: () => redis.cli('config', 'set', 'maxmemory', '0'),
  },
  {
    name: 'a replica',
    harm: () => redis.cli('replicaof', '127.0.0.1', '1'),
    mend: () => redis.cli('replicaof', 'no', 'one'),
  },
  { name: 'flushed', loses: true, harm: () => redis.cli('flushall'), mend: () => {} },
  {
    name: 'asking for a password',
    harm: () => redis.cli('config', 'set', 'requirepass', 'x'),
    mend: () => redis.cli('-a', 'x', '--no-auth-warning', 'config', 'set', 'requirepass', ''),
  },
  { name: 'cut off', harm: () => proxy.cut({ refuse: true }), mend: () => proxy.heal() },
  { name: 'cut once', harm: () => proxy.cut(), mend: () => {} },
  {
    name: 'swallowing replies',
    harm: () => {
      proxy.onResponse = () => 'drop'
    },
    mend: () => {
      proxy.onResponse = null
      proxy.cut()
    },
  },
  {
    name: 'swallowing requests',
    harm: () => {
      proxy.onRequest = () => 'drop'
    },
    mend: () => {
      proxy.onRequest = null
      proxy.cut()
    },
  },
  { name: 'held up', harm: () => proxy.pause(), mend: () => proxy.resume() },
]

interface Round {
  readonly fault: Fault
  readonly database: string
  readonly env: Record<string, string>
  readonly masters: readonly PrivateRedis[]
}

const once = async ({ fault, database, env, masters }: Round): Promise<{ code: number; listed: number }> => {
  const as = (login: string, ...argv: string[]) => run(server, database, login, argv, { env })
  const [session] = (await seedSessions(server, database, [{ person: 'mari', chain: 1 + random(4) }])) as [
    SeededSession,
  ]
  const clock = async () =>
    (await server.query<{ at: number }>('select extract(epoch from clock_timestamp())::float8 as at'))[0]
      ?.at ?? 0
  // Before the command, or in the middle of it.
  const before = random(3) === 0
  if (before) await fault.harm()
  const began = await clock()
  const argv = ['sessions', 'revoke', session.id, '--reason', 'lost', '--yes', '-o', 'json']
  const revoking = as('kari', ...argv)
  if (!before) {
    await sleep(random(120))
    await fault.harm()
  }
  // Sometimes it is over before the command has given up.
  const early = random(4) === 0
  if (early) await sleep(random(300))
  else await revoking
  await fault.mend()
  const ran = await revoking

  const [row] = await server.query<{ took: number }>(
    'select extract(epoch from revoked_at)::float8 - $2::float8 as took from meander.sessions where id = $1',
    [session.id, began],
    database,
  )
  expect(row?.took).toBeLessThan(3)
  const { residualAccess } = ran.json<{ residualAccess: { jti: string }[] }>()
  const listed = new Set(residualAccess.map(({ jti }) => jti))
  expect(ran.code, ran.stderr).toBe(listed.size > 0 ? 8 : 0)
  if (!fault.loses) {
    // What is usable was listed.
    const lives = await livesOf(masters, session.jtis)
    const usable = session.jtis.filter((jti) => lives.get(jti) === -2)
    expect(usable.filter((jti) => !listed.has(jti))).toEqual([])
  }
  const held = await livesOf(masters, session.jtis)

  const mending = ['blocklist', pick(['sync', 'rebuild'])]
  const who = pick(['publisher', 'admin'])
  // A Cluster takes a moment until all its nodes agree again.
  for (let tries = 1; ; tries++) {
    const mended = await as(who, ...mending)
    if (mended.code === 0) break
    expect(tries, `${who} ${mending.join(' ')}: ${mended.stderr}`).toBeLessThan(40)
    await sleep(250)
  }
  const { live, lost } = await lostTokens(server, database, masters)
  expect(lost).toEqual([])
  expect(live).toBeGreaterThan(0)
  for (const [jti, life] of await livesOf(masters, session.jtis))
    expect(life).toBeGreaterThan((held.get(jti) ?? 0) - 60_000)
  return { code: ran.code, listed: listed.size }
}

/** A master that dies with what its replica has not got yet. */
const failover = async (): Promise<{ code: number }> => {
  const group = await startSentinel()
  try {
    const env = {
      REDIS_SENTINELS: `${group.sentinel.host}:${group.sentinel.port}`,
      REDIS_SENTINEL_NAME: group.name,
    }
    const fault: Fault = {
      name: 'failed over',
      loses: true,
      harm: () => group.master.kill(),
      mend: () => group.failedOver(),
    }
    return await once({ fault, database: sentinelDatabase, env, masters: [group.replica] })
  } finally {
    await group.stop()
  }
}

it(`${count} random faults lose no token`, { timeout: 60_000 + count * 10_000 }, async () => {
  const tally: Record<string, number> = {}
  const began = performance.now()
  for (let n = 1; n <= count; n++) {
    if (random(30) === 0) {
      const { code } = await failover().catch((error: unknown) => {
        throw new Error(`round ${n} of seed ${seed}, failed over`, { cause: error })
      })
      const key = `failed over: ${code}`
      tally[key] = (tally[key] ?? 0) + 1
      continue
    }
    const node = random(8) === 0 ? pick(cluster.nodes) : null
    const round: Round = node
      ? {
          fault: pick([
            {
              name: 'a node killed, back empty',
              loses: true,
              harm: () => node.kill(),
              mend: () => node.restart(),
            },
            { name: 'a node paused', harm: () => node.pause(), mend: () => node.resume() },
            { name: 'a node flushed', loses: true, harm: () => node.cli('flushall'), mend: () => {} },
          ] satisfies Fault[]),
          database: clusterDatabase,
          env: { REDIS_CLUSTER_NODES: cluster.nodes.map(({ host, port }) => `${host}:${port}`).join() },
          masters: cluster.nodes,
        }
      : {
          fault: pick(faults),
          database,
          env: { REDIS_URL: `redis://${proxy.host}:${proxy.port}` },
          masters: [redis],
        }
    const { code } = await once(round).catch((error: unknown) => {
      throw new Error(`round ${n} of seed ${seed}, ${round.fault.name}`, { cause: error })
    })
    const key = `${round.fault.name}: ${code}`
    tally[key] = (tally[key] ?? 0) + 1
  }
  if (count > 20) {
    const seconds = Math.round((performance.now() - began) / 1000)
    process.stdout.write(
      `${count} faults, seed ${seed}, ${seconds} s, 0 lost\n${JSON.stringify(tally, null, 1)}\n`,
    )
  }
})
