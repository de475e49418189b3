import { describe, expect, inject, it } from 'vitest'
import { password } from '../support/as-login.ts'
import { peopledDatabase } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { meanderctl, packagesLoadedBy } from './meanderctl.ts'

/** What each start costs in any case. */
const always = ['commander']

/** What takes as long to load as node takes to start: for those who use it alone. */
const heavy = [
  '@electric-sql/pglite',
  '@inquirer/core',
  '@inquirer/prompts',
  'cli-table3',
  'ioredis',
  'ora',
  'string-width',
  'zod',
]

/** Start-up is a feature: what a command does not use, it does not load. A new name here costs every start. */
describe('packages loaded without a server', () => {
  it.each(['--version', '--help'])('meanderctl %s', async (word) => {
    const { ended, packages } = await packagesLoadedBy([word])
    expect(ended).toMatchObject({ exitCode: 0 })
    expect(packages).toEqual([])
  })

  it('what --help says was prepared from the command tree', async () => {
    const [prepared, asked] = [await meanderctl(['--help']), await meanderctl(['help'])]
    expect(prepared).toEqual(asked)
    expect(asked).toMatchObject({ exitCode: 0, stderr: '' })
    expect(asked.stdout).toContain('off-board')
  })

  it.each([
    [['sessions', '--help'], 0],
    [['sessions', 'list', '--help'], 0],
    [['sessions', 'revoke', '--help'], 0],
    [['sessions', 'list', '--no-such-option'], 2],
    [['completion', 'bash'], 0],
    [['__complete', 'fish', 'sessions', 'list', '--st'], 0],
  ])('meanderctl %j', async (args, exitCode) => {
    const { ended, packages } = await packagesLoadedBy(args)
    expect(ended).toMatchObject({ exitCode })
    expect(packages).toEqual(always)
  })
})

describe('packages loaded to ask PostgreSQL', () => {
  it.each([
    [['whoami'], []],
    [['sessions', 'list', '-o', 'json'], []],
    [['sessions', 'list', '-o', 'id'], []],
    [['users', 'list'], []],
    [['audit', 'list', '-o', 'csv'], ['csv-stringify']],
    [['audit', 'verify', '-o', 'json'], []],
    [['audit', 'export'], []],
  ])('meanderctl %j', async (args, also) => {
    const server = postgresAt(inject('postgres'))
    const database = await peopledDatabase(server)
    const { ended, packages } = await packagesLoadedBy(args, {
      DATABASE_URL: server.url('kari', database, password),
    })
    expect(ended).toMatchObject({ exitCode: 0 })
    expect(packages).toEqual(expect.arrayContaining([...always, 'pg', ...also]))
    expect(packages.filter((name) => heavy.includes(name))).toEqual([])
  })
})
