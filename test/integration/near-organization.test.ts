import { beforeAll, describe, expect, inject, it } from 'vitest'
import { everythingOf } from '../support/bystanders.ts'
import { organizations, peopledDatabase, seedGrant } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { run } from '../support/run.ts'

/** An organization that was mistyped: the one within reach that is near is named, and never one outside of it. */

const server = postgresAt(inject('postgres'))
let database: string
/** Foreign to everybody here, and as near to hlf as `hlq`, which nobody has. */
const foreign = 'hlx'

beforeAll(async () => {
  database = await peopledDatabase(server)
  await server.query(
    `insert into meander.organizations (id, slug, name) values ('55555555-0000-4000-8000-000000000000', '${foreign}', 'Another')`,
    [],
    database,
  )
})

const said = async (login: string, ...argv: string[]) => {
  const { code, stdout, stderr } = await run(server, database, login, argv)
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  return stderr
}

const commands = [
  ['sessions', 'list'],
  ['sessions', 'list', '--mine'],
  ['sessions', 'stats'],
  ['sessions', 'policy', 'show'],
  ['sessions', 'policy', 'set', '--idle-timeout', '1d', '--reason', 'x', '--yes'],
  ['sessions', 'sweep', '--reason', 'x', '--yes'],
  ['sessions', 'revoke', '--reason', 'x', '--yes', '--max-affected', '5'],
  ['users', 'list'],
  ['users', 'offboard', 'mari@hlf.example', '--reason', 'x', '--yes'],
  ['grants', 'list'],
  ['grants', 'create', '--to', 'gro@meander.example', '--for', '1h', '--reason', 'x', '--yes'],
  ['audit', 'list'],
  ['audit', 'verify'],
]

describe.each(commands)('%s %s %s %s', (...words) => {
  const argv = words.filter((word) => word !== undefined)

  it('names it, and tells a foreign one as one that nobody has', async () => {
    const before = await everythingOf(server, database, 'nhf')
    const unknown = await said('kari', ...argv, '--org', 'hlq')
    expect(unknown).toMatch(/no such organization within your reach.*\nDid you mean hlf\?\n$/)
    expect(await said('kari', ...argv, '--org', foreign)).toBe(unknown)
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
  })
})

it('names none where none is near, whether or not there is one outside of reach', async () => {
  const far = await said('kari', 'sessions', 'list', '--org', 'nhf')
  expect(far).toBe(
    'meanderctl: no such organization within your reach\nSee what is within your reach: meanderctl whoami\n',
  )
  expect(await said('kari', 'sessions', 'list', '--org', 'nhg')).toBe(far)
  expect(await said('kari', 'sessions', 'list', '--org', organizations.nhf)).toBe(far)
})

it('takes MEANDERCTL_ORG for what was typed, and says it to programs', async () => {
  const ran = await run(server, database, 'kari', ['users', 'list', '-o', 'json'], {
    env: { MEANDERCTL_ORG: 'hlff' },
  })
  expect(ran.error()).toMatchObject({ code: 'NOT_FOUND', exitCode: 3, hint: 'Did you mean hlf?' })
})

it('of a global admin’s names the one under a grant, and none where two are as near', async () => {
  const none = await said('gro', 'sessions', 'list', '--org', 'hlff')
  const first = 'meanderctl: no such organization within your reach\n'
  expect(none).toBe(`${first}See what is within your reach: meanderctl whoami\n`)
  await seedGrant(server, database, 'gro', 'hlf')
  expect(await said('gro', 'sessions', 'list', '--org', 'hhf')).toBe(`${first}Did you mean hlf?\n`)
  await seedGrant(server, database, 'gro', 'nhf')
  expect(await said('gro', 'sessions', 'list', '--org', 'hhf')).toBe(none)
})
