import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { password } from '../support/as-login.ts'
import { type Mutation, type MutationWorld, mutations } from '../support/mutations.ts'
import { peopledDatabase, seedGrant, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { runInPty } from '../support/pty.ts'
import { type PrivateRedis, startRedis } from '../support/redis.ts'
import { ownFolder, seedCrowd } from '../support/users.ts'
import { bin, cleanEnvironment, meanderctl } from './meanderctl.ts'

/** The built tool where its output goes nowhere: into a full disk, to a reader who has left, to nobody. */

const server = postgresAt(inject('postgres'))
const folder = ownFolder()
let database: string
let redis: PrivateRedis
let world: MutationWorld
let session: string

const envOf = (login: Mutation['by'], into = database) =>
  cleanEnvironment({
    DATABASE_URL: server.url(login, into, password),
    REDIS_URL: redis.url,
    MEANDERCTL_SIGNING_KEY_FILE: folder.path('key.pem'),
    XDG_CONFIG_HOME: folder.path('.'),
  })

beforeAll(async () => {
  ;[database, redis] = await Promise.all([peopledDatabase(server), startRedis()])
  await seedCrowd(server, database, 'many', 1000)
  await seedGrant(server, database, 'gro', 'hlf')
  session = (await seedSessions(server, database, [{ person: 'mari' }]))[0]?.id ?? ''
  world = {
    server,
    database,
    redis,
    path: folder.path,
    calmly: async (by, ...argv) => ({ code: (await meanderctl(argv, { env: envOf(by) })).exitCode ?? null }),
  }
  await world.calmly('kari', 'audit', 'checkpoint', '--generate-key')
})
afterAll(async () => {
  await redis?.stop()
  folder.remove()
})

/** A line of bash in which `$@` is the command. */
const inShell = async (line: string, argv: readonly string[], env = envOf('kari')) => {
  const { exitCode, stdout, stderr } = await execa(
    'bash',
    ['-c', `set -o pipefail; ${line}`, 'bash', process.execPath, bin, ...argv],
    { env, extendEnv: false, stdin: 'ignore', reject: false },
  )
  expect(stderr).not.toMatch(/^ +at |node:|Unexpected/m)
  return { exitCode, stdout, stderr }
}

/** What each command that only looks is asked; null answers elsewhere, or has no end. */
const looks: Record<string, readonly string[] | null> = {
  'sessions list': ['-o', 'ndjson'],
  'sessions show': ['SESSION'],
  'sessions stats': [],
  'sessions watch': null,
  'sessions policy show': [],
  'users list': ['-o', 'csv'],
  'users show': ['mari@hlf.example'],
  'users verify': null,
  'grants list': [],
  'grants show': null,
  'audit list': ['-o', 'ndjson'],
  'audit timeline': ['--since', '1d'],
  'audit verify': [],
  'audit export': [],
  trace: ['SESSION'],
  'blocklist status': [],
  'blocklist check': null,
  'operators list': null,
  'db status': null,
  'profile list': ['-o', 'json'],
  'profile show': null,
  'profile use': null,
  'profile add': null,
  'profile remove': null,
  whoami: [],
  doctor: null,
  'doctor isolation': null,
  demo: null,
  schema: [],
  completion: ['bash'],
  help: [],
}
const asked = [
  ...Object.entries(looks).flatMap(([command, args]) =>
    args === null ? [] : [[command, [...command.split(' '), ...args]] as const],
  ),
  ['--help', ['--help']] as const,
  ['--version', ['--version']] as const,
  ['help --json', ['help', '--json']] as const,
]

describe('a look', () => {
  it('is in the list, whatever the command', async () => {
    const { stdout } = await meanderctl(['help', '--json'])
    const { item } = JSON.parse(stdout) as {
      item: { commands: { command: string; effects: { changes: string[] } }[] }
    }
    const looking = item.commands.filter(({ effects }) => effects.changes.length === 0)
    expect(looking.map(({ command }) => command).filter((command) => !(command in looks))).toEqual([])
  })

  it.each(asked)('%s', async (command, args) => {
    const argv = args.map((word) => (word === 'SESSION' ? session : word))
    const [head, full] = await Promise.all([
      inShell('"$@" | head -n 1', argv),
      inShell('"$@" > /dev/full', argv),
    ])
    expect(head, command).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/./) })
    expect(full, command).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/The output could not be written: ENOSPC/),
    })
  })

  it('is whole where only what is said beside it goes nowhere, and is 0 where nothing is open', async () => {
    const argv = ['users', 'list']
    const [whole, full, closed] = await Promise.all(
      ['"$@"', '"$@" 2> /dev/full', '"$@" >&- 2>&-'].map((line) => inShell(line, argv)),
    )
    expect(whole?.stdout).toContain('@hlf.example')
    expect(full).toMatchObject({ exitCode: 0, stdout: whole?.stdout })
    expect(closed).toMatchObject({ exitCode: 0, stdout: '' })
  })

  it('that fails says so by its code, where nobody can be told', async () => {
    for (const [argv, code] of [
      [['sessions', 'show', '00000000-0000-4000-8000-000000000000'], 3],
      [['sessions', 'lisst'], 2],
      [['sessions', 'list', '--state', 'x', '-o', 'json'], 2],
    ] as const)
      for (const line of ['"$@" 2> /dev/full', '"$@" > /dev/full 2>&1', '"$@" >&- 2>&-'])
        expect((await inShell(line, argv)).exitCode, line).toBe(code)
  })
})

describe('an act whose answer cannot be written', () => {
  it.each(Object.keys(mutations))('%s is done, and 1', async (command) => {
    for (const [n, make] of (mutations[command] ?? []).entries()) {
      const mutation = await make(world, `full_${command.replaceAll(/\W/g, '_')}_${n}`, n)
      const { argv, by, parts } = mutation
      const { exitCode, stderr } = await inShell('"$@" > /dev/full', argv, envOf(by, mutation.database))
      expect(exitCode, stderr).toBe(1)
      expect(stderr).toMatch(
        /could not be written: ENOSPC.*\bOnly the output is missing: whatever was to be changed is/s,
      )
      expect(await mutation.done(), stderr).toBe(parts)
    }
  })

  it.each([
    ['nobody reads it', '"$@" | true', 0],
    ['there is nowhere to write', '"$@" >&- 2>&-', 0],
    ['nobody can be told of it', '"$@" 2> /dev/full', 0],
  ])('%s: it is done, and 0', async (why, line, code) => {
    const name = `act_${why.replaceAll(/\W/g, '_')}`
    const [make] = mutations['sessions revoke'] ?? []
    if (!make) throw new Error('sessions revoke is in the list')
    const { argv, parts, done } = await make(world, name, 0)
    expect((await inShell(line, argv)).exitCode).toBe(code)
    expect(await done()).toBe(parts)
  })
})

describe('a pager', () => {
  const paged = (pager: string) =>
    runInPty(`'${process.execPath}' '${bin}' users list --all -o id`, {
      env: { ...envOf('kari'), PAGER: pager, NO_COLOR: '1' },
    })

  it.each([
    ['that quits early', 'head -n 3', 3],
    ['that is not there', 'no-such-pager-anywhere', 1000],
    ['that fails', 'cat > /dev/null; exit 3', 0],
    ['that is killed', 'head -n 1; kill -9 $$', 1],
  ])('%s is no failure of the list', async (_, pager, lines) => {
    const { exitCode, screen } = await paged(pager)
    expect(exitCode, screen.slice(-500)).toBe(0)
    expect(screen).not.toMatch(/Unexpected|^ +at |EPIPE/m)
    const shown = screen.split('\n').filter((line) => /^[0-9a-f-]{36}$/.test(line)).length
    expect(shown).toBeGreaterThanOrEqual(lines)
  })
})
