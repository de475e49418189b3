import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Certificates, makeCertificates } from './certificates.ts'
import { endsWithUs } from './ends-with-us.ts'
import { freePort } from './free-port.ts'

export interface RedisOptions {
  /** Options of redis-server: `['--maxmemory', '2mb']`. */
  readonly args?: readonly string[]
  /** TLS only, with certificates of a private authority for `localhost` and 127.0.0.1; a client's is asked for but not required. */
  readonly tls?: boolean
  /** ACL rules: `['user publisher on >secret ~meander:blocklist:* +set']`; `default` may do everything unless named. */
  readonly acl?: readonly string[]
}

export interface PrivateRedis {
  readonly host: string
  readonly port: number
  /** `redis://127.0.0.1:PORT`, `rediss://` with TLS. */
  readonly url: string
  readonly pid: number
  readonly folder: string
  readonly certificates: Certificates | null
  /** Ends it and removes its folder. */
  stop(): Promise<void>
  /** Ends it as a crash would; `restart` brings it back. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Accepts connections and answers nothing, as a server that hangs. */
  pause(): void
  resume(): void
  /** On the same port, empty unless `keep` says to take the keys along: those of now, or of the last `save` if it is dead. */
  restart(options?: { keep?: boolean }): Promise<void>
  /** What redis-cli prints for one command; options of redis-cli may go first. @throws when it fails. */
  cli(...args: string[]): Promise<string>
}

const run = promisify(execFile)

/** Starts a Redis of its own on a free loopback port, without persistence, that never outlives this process. */
export const startRedis = async (options: RedisOptions = {}): Promise<PrivateRedis> => {
  const folder = mkdtempSync(join(tmpdir(), 'meanderctl-redis-'))
  const watch = endsWithUs(folder)
  const certificates = options.tls ? makeCertificates(join(folder, 'certificates')) : null
  const port = await freePort()
  writeFileSync(
    join(folder, 'redis.conf'),
    [
      `bind 127.0.0.1`,
      ...(certificates
        ? [
            'port 0',
            `tls-port ${port}`,
            `tls-cert-file ${certificates.serverCert}`,
            `tls-key-file ${certificates.serverKey}`,
            `tls-ca-cert-file ${certificates.ca}`,
            'tls-auth-clients optional',
          ]
        : [`port ${port}`]),
      `dir ${folder}`,
      'save ""',
      'appendonly no',
      'repl-diskless-sync-delay 0',
      'maxmemory-policy noeviction',
      ...(options.acl ?? []),
    ].join('\n'),
  )

  let server: ChildProcess
  const start = async () => {
    server = spawn('redis-server', [join(folder, 'redis.conf'), ...(options.args ?? [])], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    watch.serves(server.pid ?? null)
    await new Promise<void>((resolve, reject) => {
      let log = ''
      server.once('error', reject)
      server.once('exit', () => reject(new Error(`Redis did not start:\n${log}`)))
      server.stdout?.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-10_000)
        if (/Ready to accept connections|Sentinel ID is/.test(log)) resolve()
      })
    })
    server.unref()
    ;(server.stdout as unknown as { unref(): void }).unref()
  }
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.ref()
    const gone = once(server, 'exit')
    server.kill('SIGCONT')
    server.kill(signal)
    await gone
    watch.serves(null)
  }
  const tlsArgs = certificates ? ['--tls', '--cacert', certificates.ca] : []
  const cli = async (...args: string[]) => {
    const { stdout } = await run('redis-cli', [
      '-e',
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      ...tlsArgs,
      ...args,
    ])
    return stdout.replace(/\n$/, '')
  }

  await start()
  return {
    host: '127.0.0.1',
    port,
    url: `${certificates ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    get pid() {
      return server.pid ?? 0
    },
    folder,
    certificates,
    stop: async () => {
      await kill()
      await watch.done()
    },
    kill,
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    restart: async ({ keep = false } = {}) => {
      if (keep && server.exitCode === null && server.signalCode === null) await cli('save')
      await kill()
      if (!keep) rmSync(join(folder, 'dump.rdb'), { force: true })
      await start()
    },
    cli,
  }
}

export interface PrivateCluster {
  readonly nodes: readonly PrivateRedis[]
  stop(): Promise<void>
}

/** A cluster of three masters without replicas, each with a third of the slots. */
export const startCluster = async (options: RedisOptions = {}): Promise<PrivateCluster> => {
  const ranges = [
    ['0', '5460'],
    ['5461', '10922'],
    ['10923', '16383'],
  ] as const
  const nodes = await Promise.all(
    ranges.map(async () => {
      // Left alone the bus takes the port plus 10,000, which may be none.
      const bus = await freePort()
      const settings = [
        '--cluster-enabled',
        'yes',
        '--cluster-port',
        `${bus}`,
        '--cluster-node-timeout',
        '1000',
      ]
      const node = await startRedis({ ...options, args: [...settings, ...(options.args ?? [])] })
      return { node, bus }
    }),
  )
  await Promise.all(
    ranges.map(([from, to], index) => nodes[index]?.node.cli('cluster', 'addslotsrange', from, to)),
  )
  for (const { node, bus } of nodes.slice(1)) {
    await nodes[0]?.node.cli('cluster', 'meet', node.host, String(node.port), String(bus))
  }
  await Promise.all(
    nodes.map(({ node }) =>
      until('the cluster is whole', async () => {
        const info = await node.cli('cluster', 'info')
        return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')
      }),
    ),
  )
  return {
    nodes: nodes.map(({ node }) => node),
    stop: async () => void (await Promise.all(nodes.map(({ node }) => node.stop()))),
  }
}

export interface PrivateSentinel {
  readonly name: string
  readonly sentinel: PrivateRedis
  readonly master: PrivateRedis
  readonly replica: PrivateRedis
  /** Resolves when the replica is the master and the sentinel says so. */
  failedOver(): Promise<void>
  stop(): Promise<void>
}

/** A master, its replica, and one sentinel that alone decides, a second after the master is gone. */
export const startSentinel = async (options: RedisOptions = {}): Promise<PrivateSentinel> => {
  const name = 'blocklist'
  const master = await startRedis(options)
  const replica = await startRedis({
    ...options,
    args: ['--replicaof', `${master.host} ${master.port}`, ...(options.args ?? [])],
  })
  await until('the replica follows', async () =>
    (await replica.cli('info')).includes('master_link_status:up'),
  )
  const sentinel = await startRedis({ args: ['--sentinel'] })
  await sentinel.cli('sentinel', 'monitor', name, master.host, String(master.port), '1')
  await sentinel.cli('sentinel', 'set', name, 'down-after-milliseconds', '1000', 'failover-timeout', '3000')
  await until('the sentinel knows the replica', async () =>
    (await sentinel.cli('sentinel', 'replicas', name)).includes(String(replica.port)),
  )
  return {
    name,
    sentinel,
    master,
    replica,
    failedOver: () =>
      until('the replica is the master', async () => {
        const address = await sentinel.cli('sentinel', 'get-master-addr-by-name', name)
        return address.includes(String(replica.port)) && (await replica.cli('role')).startsWith('master')
      }),
    stop: async () => void (await Promise.all([sentinel, replica, master].map((server) => server.stop()))),
  }
}

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 300; tries++) {
    if (await holds().catch(() => false)) return
    await sleep(50)
  }
  throw new Error(`Waited 15 seconds and still not: ${what}`)
}
