import { beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { everythingOf } from '../../support/bystanders.ts'
import { ended, leftOf, untouched } from '../../support/left-of.ts'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { peopledDatabase, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type Answer, ctrlC, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string
let s: NamedSessions<'phone' | 'tablet' | 'ola' | 'nils'>

/** At a terminal, with these answers. */
const asked = (argv: readonly string[], ...terminal: Answer[]) =>
  run(server, database, 'kari', ['sessions', 'revoke', ...argv], { redis, terminal })
const left = async (id: string) => leftOf(server, database, id)

beforeAll(async () => {
  database = await peopledDatabase(server)
})
beforeEach(async () => {
  await server.query(
    `set session_replication_role = 'replica'; delete from meander.token_blocklist;
     delete from meander.refresh_tokens; delete from meander.sessions`,
    [],
    database,
  )
  s = await seedNamed(server, database, {
    phone: { person: 'mari', deviceName: 'iPhone 15' },
    tablet: { person: 'mari', deviceName: 'iPad' },
    ola: { person: 'ola' },
    nils: { person: 'nils' },
  })
})

it('asks why, shows what, asks once more, and does it', async () => {
  const before = await everythingOf(server, database, 'nhf')
  const { code, stderr } = await asked(['--user', 'mari@hlf.example'], 'stolen bag', 'yes')
  expect(code).toBe(0)
  expect(stderr).toMatch(/^Reason, for the record: /)
  expect(stderr).toContain('iPhone 15')
  expect(stderr).toContain('iPad')
  expect(stderr).toContain('2 sessions of 1 user in hlf will end; each must log in again. Go on?')
  expect(stderr).toContain('2 sessions revoked; 2 refresh tokens ended, 2 access tokens blocked.')
  expect(await left(s.id.phone)).toEqual(ended('stolen bag'))
  expect(await left(s.id.ola)).toEqual(untouched())
  expect(await everythingOf(server, database, 'nhf')).toBe(before)
})

it('does not ask for a reason that was given, and nothing with --yes', async () => {
  const given = await asked([s.id.phone, '--reason', 'given'], 'y')
  expect(given.code).toBe(0)
  expect(given.stderr).not.toContain('Reason, for the record')
  const yes = await asked([s.id.tablet, '--reason', 'given', '--yes'])
  expect(yes.code).toBe(0)
  expect(yes.stderr).not.toContain('Go on?')
})

it('an empty reason is asked for again', async () => {
  const { code, stderr } = await asked([s.id.phone], '', '   ', 'at last', 'yes')
  expect(code).toBe(0)
  expect(stderr.split('A reason is required.')).toHaveLength(3)
  expect(await left(s.id.phone)).toEqual(ended('at last'))
})

it('more than ten are counted, not all shown', async () => {
  await seedSessions(
    server,
    database,
    Array.from({ length: 12 }, () => ({ person: 'liv' }) as const),
  )
  const { stderr } = await asked(['--user', 'liv@hlf.example', '--reason', 'x'], 'no')
  expect(stderr.match(/liv@hlf\.example/g)).toHaveLength(10)
  expect(stderr).toContain('… and 2 more.')
  expect(stderr).toContain('12 sessions of 1 user in hlf will end')
})

describe('no is no', () => {
  it.each<[string, Answer[], string]>([
    ['no', ['no'], 'Not confirmed: nothing was changed.'],
    ['nothing typed', [''], 'Not confirmed: nothing was changed.'],
    ['Ctrl-C', [ctrlC], 'Left unanswered: nothing was changed.'],
    ['Ctrl-D', [], 'Left unanswered: nothing was changed.'],
    ['something else, then no', ['perhaps', 'n'], 'Not confirmed: nothing was changed.'],
  ])('%s: 9, and nothing is changed', async (_, answers, message) => {
    const before = await everythingOf(server, database, 'hlf')
    const ran = await asked(['--user', 'mari@hlf.example', '--reason', 'x'], ...answers)
    expect(ran).toMatchObject({ code: 9, stdout: '' })
    expect(ran.stderr.trimEnd().split('\n').at(-1)).toBe(`meanderctl: ${message}`)
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
  })

  it('Ctrl-C at the reason too', async () => {
    expect((await asked([s.id.phone], ctrlC)).code).toBe(9)
    expect(await left(s.id.phone)).toEqual(untouched())
  })

  it('--no-input asks nobody: 2', async () => {
    expect((await asked([s.id.phone, '--reason', 'x', '--no-input'], 'yes')).code).toBe(2)
    expect(await left(s.id.phone)).toEqual(untouched())
  })
})

describe('a whole organization', () => {
  it.each(['yes', 'y', 'HLF', 'hlf ', 'nhf', ''])('%j is not its slug: 9', async (word) => {
    const ran = await asked(['--org', 'hlf', '--reason', 'x'], word)
    expect(ran.code).toBe(9)
    expect(ran.stderr).toContain(
      '3 sessions of 2 users in hlf will end; each must log in again. Type hlf to go on:',
    )
    expect(await left(s.id.phone)).toEqual(untouched())
  })

  it('its slug is', async () => {
    const before = await everythingOf(server, database, 'nhf')
    expect((await asked(['--org', 'hlf', '--reason', 'x'], 'hlf')).code).toBe(0)
    for (const name of ['phone', 'tablet', 'ola'] as const) expect(await left(s.id[name])).toEqual(ended('x'))
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
  })

  it('narrowed further it is no whole organization: yes is enough', async () => {
    expect((await asked(['--org', 'hlf', '--kind', 'mobile', '--reason', 'x'], 'yes')).code).toBe(0)
  })
})

describe('what was confirmed is what is done', () => {
  it('a session that appears while one thinks is not touched', async () => {
    let newcomer = ''
    const ran = await asked(['--user', 'mari@hlf.example', '--reason', 'x', '-o', 'json'], async () => {
      const [made] = await seedSessions(server, database, [{ person: 'mari' }])
      newcomer = made?.id ?? ''
      return 'yes'
    })
    expect(ran.code).toBe(0)
    expect(ran.json<{ summary: { requested: number } }>().summary.requested).toBe(2)
    expect(await left(newcomer)).toEqual(untouched())
    expect(await left(s.id.phone)).toEqual(ended('x'))
  })

  it('one that leaves the selection meanwhile is ended all the same', async () => {
    const ran = await asked(
      ['--idle-for', '30s', '--user', 'mari@hlf.example', '--reason', 'x'],
      async () => {
        await server.query('update meander.sessions set last_activity_at = now()', [], database)
        return 'yes'
      },
    )
    expect(ran.code).toBe(0)
    expect(await left(s.id.phone)).toEqual(ended('x'))
  })

  it('one that somebody else ends meanwhile is done, and stays theirs', async () => {
    const ran = await asked([s.id.phone, s.id.tablet, '--reason', 'mine', '-o', 'json'], async () => {
      const first = ['sessions', 'revoke', s.id.phone, '--reason', 'theirs', '--yes']
      expect((await run(server, database, 'kari', first, { redis })).code).toBe(0)
      return 'yes'
    })
    expect(ran.code).toBe(0)
    expect(ran.json<{ summary: object }>().summary).toMatchObject({ revoked: 1, alreadyRevoked: 1 })
    expect(await left(s.id.phone)).toEqual(ended('theirs'))
    expect(await left(s.id.tablet)).toEqual(ended('mine'))
  })
})
