import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { password } from '../support/as-login.ts'
import { everythingOf } from '../support/bystanders.ts'
import { peopledDatabase, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { cleanEnvironment } from './meanderctl.ts'

/** The package as it is published, in a folder where nothing else is, on every Node.js that it is for. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const server = postgresAt(inject('postgres'))
const redis = inject('redis')
const { node: own } = process.versions
/**
 * Those that somebody uses besides the one that runs this; the npm package `node` is the program itself, and so large
 * that only `npm run soak` takes all of them.
 */
const wanted = process.env.MEANDERCTL_SOAK === undefined ? ['26'] : ['20', '22', '24', '26']
const others = wanted.filter((major) => major !== own.split('.')[0])

let folder: string
let installed: string
let database: string

const npm = (...args: string[]) =>
  execa('npm', [...args, '--no-audit', '--no-fund', '--loglevel', 'error'], {
    cwd: folder,
    env: { npm_config_cache: process.env.npm_config_cache ?? join(process.env.HOME ?? folder, '.npm') },
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meanderctl-package-'))
  database = await peopledDatabase(server)
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  // It was built before; to build it again would take it away from the tests beside this one.
  const { stdout } = await npm('pack', root, '--ignore-scripts', '--json')
  const [{ filename }] = JSON.parse(stdout)
  await npm('install', join(folder, filename), '--omit=dev')
  installed = join(folder, 'node_modules/meanderctl')
  await Promise.all(
    others.map((major) => npm('install', '--prefix', join(folder, major), '--no-save', `node@${major}`)),
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const sizeOf = (path: string): number =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)

describe('installed', () => {
  it('is small, asks for nothing but the optional engine, and runs nothing while it is installed', () => {
    expect(sizeOf(installed)).toBeLessThan(3_000_000)
    const {
      dependencies = {},
      optionalDependencies,
      scripts,
    } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    expect(dependencies).toEqual({})
    expect(Object.keys(optionalDependencies)).toEqual(['@electric-sql/pglite'])
    expect(Object.keys(scripts)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/install|prepare$/)]),
    )
    const packages = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))
    expect(packages.sort()).toEqual(['@electric-sql', 'meanderctl'])
  })

  it('has what its documentation speaks of, and no sources', () => {
    const files = readdirSync(installed)
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'bin', 'dist', 'docs', 'man']))
    expect(files).not.toEqual(expect.arrayContaining(['src']))
    expect(files).not.toEqual(expect.arrayContaining(['test']))
  })
})

describe.each([own, ...others])('on Node.js %s', (version) => {
  const run = async (args: readonly string[], env: Record<string, string> = {}) => {
    const node = version === own ? process.execPath : join(folder, version, 'node_modules/.bin/node')
    const bin = join(folder, 'node_modules/.bin/meanderctl')
    const ran = await execa(node, [bin, ...args], {
      env: { ...cleanEnvironment(env), HOME: folder, XDG_DATA_HOME: join(folder, `data-${version}`) },
      extendEnv: false,
      input: '',
      reject: false,
    })
    return { code: ran.exitCode, stdout: ran.stdout, stderr: ran.stderr }
  }

  it('says which it is, without a warning', async () => {
    const { stdout } = await execa(
      version === own ? process.execPath : join(folder, version, 'node_modules/.bin/node'),
      ['-p', 'process.versions.node'],
    )
    expect(stdout.startsWith(version)).toBe(true)
    expect(await run(['--version'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('meanderctl'),
    })
    expect(await run(['help', 'sessions', 'revoke'])).toMatchObject({ code: 0, stderr: '' })
  })

  it('ends a session in PostgreSQL and tells Redis, and leaves the other organization alone', async () => {
    const [session] = await seedSessions(server, database, [{ person: 'mari' }])
    const before = await everythingOf(server, database, 'nhf')
    const env = { DATABASE_URL: server.url('kari', database, password), REDIS_URL: redis.url }
    const revoke = ['sessions', 'revoke', session?.id ?? '', '--reason', 'lost phone', '--yes', '-o', 'json']
    const revoked = await run(revoke, env)
    expect(revoked.code, revoked.stderr).toBe(0)
    expect(JSON.parse(revoked.stdout).summary).toMatchObject({ requested: 1, revoked: 1 })
    expect(JSON.parse((await run(revoke, env)).stdout).summary).toMatchObject({
      revoked: 0,
      alreadyRevoked: 1,
    })
    expect((await run(['audit', 'verify', '-o', 'json'], env)).code).toBe(0)
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
  })

  it.runIf([own, others.at(-1)].includes(version))('does the main job on the embedded engine', async () => {
    const ran = await run(['demo'])
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stdout).toMatch(/refresh +REFUSED/)
    expect(ran.stderr).not.toMatch(/warning/i)
  })
})
