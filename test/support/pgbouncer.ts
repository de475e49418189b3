import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endsWithUs } from './ends-with-us.ts'
import { freePort } from './free-port.ts'
import type { PostgresAddress } from './postgres.ts'
import { serverUser } from './postgres-binaries.ts'

export interface PgbouncerOptions {
  readonly mode: 'session' | 'transaction' | 'statement'
  /** Everybody is let in, and is this login at the server; left out, each stays who they are. */
  readonly login?: string
  /** Each login's secret as PostgreSQL keeps it; left out, the server is asked for it. */
  readonly secrets?: Readonly<Record<string, string>>
  /** Connections to the server for one login and database. */
  readonly poolSize?: number
}

export interface Pgbouncer {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

/** Debian keeps it where only root's PATH looks. */
const binary = (): string => {
  const debian = '/usr/sbin/pgbouncer'
  return existsSync(debian)
    ? debian
    : execFileSync('sh', ['-c', 'command -v pgbouncer'], { encoding: 'utf8' }).trim()
}

/** Starts a pgbouncer of its own in front of `server`, on a free loopback port, that never outlives this process. */
export const startPgbouncer = async (
  { host, port: serverPort }: PostgresAddress,
  { mode, login, secrets, poolSize = 5 }: PgbouncerOptions,
): Promise<Pgbouncer> => {
  const user = serverUser()
  const folder = mkdtempSync(join(tmpdir(), 'meanderctl-pgbouncer-'))
  const watch = endsWithUs(folder)
  const port = await freePort()
  const write = (name: string, lines: readonly string[]): string => {
    const path = join(folder, name)
    writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 })
    if (user) chownSync(path, user.uid, user.gid)
    return path
  }
  const userFile = write(
    'users',
    Object.entries({ postgres: '', ...secrets }).map(([name, secret]) => `"${name}" "${secret}"`),
  )
  const config = write('pgbouncer.ini', [
    '[databases]',
    `* = host=${host} port=${serverPort}${login ? ` user=${login}` : ''}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    // 1.18 ends itself when it shall ask the server for a secret and log in there as somebody else.
    `auth_type = ${login ? 'any' : 'scram-sha-256'}`,
    `auth_file = ${userFile}`,
    ...(secrets || login ? [] : ['auth_user = postgres']),
    `pool_mode = ${mode}`,
    `default_pool_size = ${poolSize}`,
  ])
  chmodSync(folder, 0o755)

  let said = ''
  const server: ChildProcess = spawn(binary(), [config], {
    ...user,
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(server, 'exit').then(() => watch.serves(null))
  watch.serves(server.pid ?? null)
  await new Promise<void>((resolve, reject) => {
    server.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('process up')) resolve()
    })
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`pgbouncer did not start:\n${said}`)))
  })
  server.unref()
  ;(server.stderr as unknown as { unref(): void }).unref()
  return {
    host: '127.0.0.1',
    port,
    close: async () => {
      server.ref()
      // Its clients are gone with it: SIGINT would wait for them.
      server.kill('SIGTERM')
      await ended
      await watch.done()
    },
  }
}
