import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { cleanEnvironment } from '../../e2e/meanderctl.ts'
import { startProxy } from '../../support/tcp-proxy.ts'
import type { Comparison } from '../comparison.ts'
import { ratio, type Subject } from '../measure.ts'
import { leaving, offboardAtOnce } from './offboard.ts'

const version = '1.7.25'
const rounds = 3

/** Puts the peer into a folder of its own, by npm: no part of our dependencies. @returns the folder */
const install = async (): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'meanderctl-peer-'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const quietly = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  // With everything around us: npm is told there where packages come from.
  await execa('npm', ['install', '--prefix', folder, ...quietly, `better-auth@${version}`, 'pg@8'])
  copyFileSync(new URL('../peer/better-auth.js', import.meta.url), join(folder, 'better-auth.js'))
  return folder
}

/** npm takes as long as the network does, so it is begun before it is needed. */
let installed: Promise<string> | undefined
export const installPeer = (): Promise<string> => {
  installed ??= install()
  installed.catch(() => {})
  return installed
}

export const betterAuth: Comparison = {
  name: 'better-auth',
  about: "off-boarding against Better Auth's revokeUserSessions on tables of its own, near and at 2.5 ms",
  run: async (bench) => {
    const { people, postgres } = bench
    const folder = await installPeer()
    const proxy = await startProxy(postgres)
    proxy.delay = 1.25
    const database = await postgres.createDatabase('peer')
    const near = postgres.url('postgres', database)
    const children: ChildProcess[] = []
    const start = (url: string) => {
      const env = { ...cleanEnvironment(), PGSSLMODE: 'disable' }
      const child = fork(join(folder, 'better-auth.js'), [url], { cwd: folder, env, execArgv: [] })
      children.push(child)
      return async (act: string, value?: unknown): Promise<void> => {
        child.send({ act, value })
        const [{ error }] = await once(child, 'message')
        if (error) throw new Error(`Better Auth: ${error}`)
      }
    }
    try {
      const [local, far] = [start(near), start(near.replace(`:${postgres.port}/`, `:${proxy.port}/`))]
      // As many again whom nobody revokes.
      const some = { local: Math.max(1, people.batch * 0.1), far: Math.max(1, people.batch * 0.02) }
      await local('seed', 2 * rounds * (some.local + some.far))
      await local('signIn')
      await far('signIn')

      let next = 0
      const peer = (name: string, count: number, tell: typeof local): Subject => ({
        name,
        share: count / people.batch,
        prepare: () => postgres.query('checkpoint'),
        run: () => tell('revoke', [next, next + count]),
        check: async () => {
          const users = Array.from({ length: count }, (_, n) => `user${next + n}`)
          const [left] = await postgres.query(
            'select count(*)::integer as open from session where "userId" = any ($1)',
            [users],
            database,
          )
          assert.deepEqual(left, { open: 0 })
          next += count
        },
      })
      const left = leaving(bench)
      const ours = (name: string, port?: number): Promise<Subject> =>
        bench
          .connect('kari', port === undefined ? {} : { port })
          .then((client) => left(name, 0.1, async (users) => void (await offboardAtOnce(client, users))))
      const [peerNear, oursNear, peerFar, oursFar] = await bench.turns(
        [
          peer('revokeUserSessions', some.local, local),
          await ours('offboard_users'),
          peer('revokeUserSessions at 2.5 ms', some.far, far),
          await ours('offboard_users at 2.5 ms', proxy.port),
        ] as const,
        { rounds },
      )
      return [
        ratio(
          `Better Auth ${version} revokeUserSessions, one table, no record : off-boarding`,
          peerNear,
          oursNear,
        ),
        ratio('the same at 2.5 ms round trip', peerFar, oursFar),
      ]
    } finally {
      for (const child of children) child.kill()
      proxy.cut()
      await proxy.close()
      rmSync(folder, { recursive: true })
      await postgres.query('drop database peer with (force)')
    }
  },
}
