import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { everythingOf } from '../support/bystanders.ts'
import { ended, leftOf, untouched } from '../support/left-of.ts'
import { type NamedSessions, seedNamed } from '../support/named-sessions.ts'
import { emailOf, peopledDatabase, seedGrant } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { type Answer, ctrlC, run } from '../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string
let s: NamedSessions<'phone' | 'tablet' | 'ola' | 'nils'>

/** At a terminal, with these answers. */
const asked = (login: string, argv: readonly string[], ...terminal: Answer[]) =>
  run(server, database, login, argv, { redis, terminal })
const left = async (id: string) => leftOf(server, database, id)

beforeAll(async () => {
  database = await peopledDatabase(server)
})
beforeEach(async () => {
  await server.query(
    `set session_replication_role = 'replica'; delete from meander.token_blocklist;
     delete from meander.refresh_tokens; delete from meander.sessions; delete from meander.support_access_grants`,
    [],
    database,
  )
  s = await seedNamed(server, database, {
    phone: { person: 'mari', deviceName: 'iPhone 15', ip: '192.0.2.4', activeAgo: '4 min 30 s' },
    tablet: { person: 'mari', deviceName: 'iPad', ip: '192.0.2.9', activeAgo: '3 h 30 min' },
    ola: { person: 'ola' },
    nils: { person: 'nils' },
  })
})

/** Every verb that asks, and what stops it in a pipe. */
const bare = [
  [['sessions', 'revoke'], 'Nothing was selected: an empty selector is never "all".'],
  [['sessions', 'show'], 'No session was named.'],
  [['sessions', 'policy', 'set'], 'Nothing was named to be set.'],
  [['users', 'show'], 'No user was named.'],
  [['users', 'sign-out'], 'No user was named.'],
  [['users', 'offboard'], 'No user was named.'],
  [['users', 'reinstate'], 'No user was named.'],
  [['users', 'verify'], 'No user was named.'],
  [['grants', 'show'], 'No grant was named.'],
  [['grants', 'revoke'], 'No grant was named.'],
  [['grants', 'create'], 'Nobody was named to be let in.'],
  [['grants', 'create', '--to', 'gro@meander.example'], 'A grant has one end.'],
  [['operators', 'add'], 'No login was named.'],
  [['operators', 'enable'], 'No login was named.'],
  [['operators', 'disable'], 'No login was named.'],
  [['operators', 'remove'], 'No login was named.'],
] as const

describe('in a pipe nothing is asked: a usage error, before anything is opened', () => {
  const acts = (argv: readonly string[]) =>
    !/show|verify|add|enable/.test(argv[1] ?? '') ? ['--reason', 'x', '--yes'] : []
  it.each(bare)('%j', async (argv, message) => {
    for (const options of [
      { env: { DATABASE_URL: 'postgres://kari@127.0.0.1:1/none' } },
      { env: { DATABASE_URL: 'postgres://kari@127.0.0.1:1/none' }, terminal: [] },
    ]) {
      const noInput = options.terminal === undefined ? [] : ['--no-input']
      const ran = await run(server, database, 'kari', [...argv, ...acts(argv), ...noInput], options)
      expect(ran.code).toBe(2)
      expect(ran.stderr.split('\n')[0]).toBe(`meanderctl: ${message}`)
      expect(ran.stdout).toBe('')
    }
  })

  it('nor at a terminal with --yes', async () => {
    const ran = await asked('kari', ['sessions', 'revoke', '--yes', '--reason', 'x'])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(/^meanderctl: Nothing was selected/)
  })
})

describe('sessions revoke, with nothing named', () => {
  it('asks whose, which, why and for the ticket, and ends what was chosen', async () => {
    const before = await everythingOf(server, database, 'nhf')
    const ran = await asked('kari', ['sessions', 'revoke'], 'mar', '1', '1', 'lost bag', 'SEC-7', 'yes')
    expect(ran.code).toBe(0)
    expect(ran.stderr).toContain(
      'End sessions of which user? Type the beginning of an e-mail address or a name:',
    )
    expect(ran.stderr).toContain('Found 1:\n1. mari@hlf.example, Mari, 2 sessions\n')
    expect(ran.stderr).toContain(
      'Which of the 2 active sessions of mari@hlf.example end? Each must log in again.\n' +
        '1. iPhone 15, 192.0.2.4, used 4 min ago, active\n2. iPad, 192.0.2.9, used 3 h ago, active\n',
    )
    expect(ran.stderr).toContain('1 session of 1 user in hlf will end; each must log in again. Go on?')
    expect(await left(s.id.phone)).toEqual(ended('lost bag'))
    expect(await left(s.id.tablet)).toEqual(untouched())
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
    const [event] = await server.query<{ ticket: string }>(
      "select ticket from meander.audit_log where action = 'session.revoked' and target_id = $1",
      [s.id.phone],
      database,
    )
    expect(event?.ticket).toBe('SEC-7')
  })

  it.each<[string, Answer[], string | null]>([
    ['all', ['mari', '1', 'all', 'x', '', 'yes'], 'x'],
    ['several', ['mari', '1', '2, 1', 'x', '', 'yes'], 'x'],
    ['a number that is none, then one', ['mari', '9', 'mari', '1', '0 3', '2 1', 'x', '', 'yes'], 'x'],
    ['nobody, then somebody', ['zzz', 'mari', '1', 'all', 'x', '', 'yes'], 'x'],
  ])('takes %s', async (_, answers, reason) => {
    expect((await asked('kari', ['sessions', 'revoke'], ...answers)).code).toBe(0)
    for (const id of [s.id.phone, s.id.tablet]) expect(await left(id)).toEqual(ended(reason ?? ''))
    expect(await left(s.id.ola)).toEqual(untouched())
  })

  it.each<[string, Answer[]]>([
    ['whose', [ctrlC]],
    ['which', ['mari', '1', ctrlC]],
    ['why', ['mari', '1', 'all', ctrlC]],
    ['the ticket', ['mari', '1', 'all', 'x', ctrlC]],
    ['the last question', ['mari', '1', 'all', 'x', '', ctrlC]],
  ])('Ctrl-C at %s changes nothing and says so: 9', async (_, answers) => {
    const before = await everythingOf(server, database, 'hlf')
    const ran = await asked('kari', ['sessions', 'revoke'], ...answers)
    expect(ran).toMatchObject({ code: 9, stdout: '' })
    expect(ran.stderr.trimEnd().split('\n').at(-1)).toBe('meanderctl: Left unanswered: nothing was changed.')
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
  })

  it('where nobody of that name has a session there is nothing to choose: 3', async () => {
    const ran = await asked('kari', ['sessions', 'revoke'], 'liv', '1')
    expect(ran.code).toBe(3)
    expect(ran.stderr).toContain('There is no session to choose.')
  })

  it('a global admin types the address whole, and every look is on the record first', async () => {
    await seedGrant(server, database, 'gro', 'nhf')
    const looks = () =>
      server.query<{ f: string }>(
        "select details ->> 'function' as f from meander.audit_log where action = 'intent.recorded' order by at, seq",
        [],
        database,
      )
    const before = (await looks()).length
    const ran = await asked('gro', ['sessions', 'revoke'], 'nils@nhf.example', '1', 'theft', '', 'yes')
    expect(ran.code).toBe(0)
    expect(ran.stderr).toContain('End sessions of which user? E-mail address or id, in full:')
    expect((await looks()).slice(before).map(({ f }) => f)).not.toContain('list_users')
    expect((await looks()).slice(before).map(({ f }) => f)).toContain('list_sessions')
    expect(await left(s.id.nils)).toEqual({ ...ended('theft'), by: 'gro' })
  })

  it('more than 50 are confirmed by their number', async () => {
    await seedNamed(
      server,
      database,
      Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`n${n}`, { person: 'liv' as const }])),
    )
    const argv = ['sessions', 'revoke', '--user', emailOf('liv'), '--reason', 'x']
    const no = await asked('kari', argv, 'yes')
    expect(no.code).toBe(9)
    expect(no.stderr).toContain(
      '51 sessions of 1 user in hlf will end; each must log in again. Type 51 to go on:',
    )
    expect((await asked('kari', argv, '51')).code).toBe(0)
  })
})

describe('users, with nobody named', () => {
  it.each([
    ['sign-out', 'Sign which user out everywhere?'],
    ['offboard', 'Off-board which user: deactivate the account, end every session, token and grant?'],
  ])('%s asks whom', async (verb, question) => {
    const ran = await asked('kari', ['users', verb], 'ola', '1', 'left', '', 'yes')
    expect(ran.stderr).toContain(question)
    expect(ran.code).toBe(0)
    expect(await left(s.id.ola)).toEqual(ended('left'))
    expect(await left(s.id.phone)).toEqual(untouched())
  })

  it('reinstate offers those who are deactivated, verify and show anybody', async () => {
    const back = await asked('kari', ['users', 'reinstate'], '', '1', 'came back', 'HR-1', 'yes')
    expect(back.stderr).toContain('Found 1:\n1. ola@hlf.example, Ola, deactivated\n')
    expect(back.code).toBe(0)
    const none = await asked('kari', ['users', 'reinstate'])
    expect(none.code).toBe(3)
    expect(none.stderr).toContain('There is no user to choose.')
    expect((await asked('kari', ['users', 'verify'], 'ola', '1')).code).toBe(7)
    const shown = await asked('kari', ['users', 'show'], 'ola', '1')
    expect(shown.code).toBe(0)
    expect(shown.stdout).toContain('ola@hlf.example')
  })

  it('the administrator types the address of somebody of the staff', async () => {
    const ran = await asked('admin', ['users', 'sign-out'], 'siv@meander.example', 'x', '', 'no')
    expect(ran.code).toBe(9)
    expect(ran.stderr).toContain('Sign which user out everywhere? E-mail address or id, in full:')
  })
})

describe('the other questions', () => {
  it('sessions show: whose, then which', async () => {
    const ran = await asked('kari', ['sessions', 'show'], 'mari', '1', '1')
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/i(Phone 15|Pad)/)
    const own = await asked('kari', ['sessions', 'show', '--mine'])
    expect(own.code).toBe(3)
  })

  it('grants: whom, for how long; which to look at, and which to end', async () => {
    const made = await asked(
      'kari',
      ['grants', 'create'],
      'gro@meander.example',
      'soon',
      '8h',
      'help',
      'S-1',
      'yes',
    )
    expect(made.stderr).toContain(
      'For how long may gro@meander.example see and act? A duration such as 8h or 2d:',
    )
    expect(made.stderr).toContain('A duration looks like')
    expect(made.code).toBe(0)
    const shown = await asked('kari', ['grants', 'show'], '1')
    expect(shown.stderr).toContain('1. gro@meander.example, hlf, help, ends in 7 h')
    expect(shown.code).toBe(0)
    const over = await asked('kari', ['grants', 'revoke'], '1', 'done', '', 'yes')
    expect(over.code).toBe(0)
    expect(over.stderr).toContain('1 grant revoked')
    expect((await asked('kari', ['grants', 'revoke'])).code).toBe(3)
  })

  it('sessions policy set: each limit, as it is now', async () => {
    const nothing = await asked('kari', ['sessions', 'policy', 'set'], '', '', '')
    expect(nothing.code).toBe(9)
    expect(nothing.stderr).toContain('Every limit stays as it is: nothing was changed.')
    const ran = await asked('kari', ['sessions', 'policy', 'set'], 'x', '90d', '', 'off', 'rule', '', 'yes')
    expect(ran.code).toBe(0)
    expect(ran.stderr).toContain(
      'Idle timeout, now off: a duration such as 12h or 30d, or off (empty: as it is):',
    )
    const again = await asked('kari', ['sessions', 'policy', 'set'], 'off', '', '', 'rule', '', 'yes')
    expect(again.stderr).toContain('Idle timeout, now 90d:')
    expect(again.code).toBe(0)
  })

  it('operators: which login, for whom', async () => {
    const login = `asked_${randomBytes(5).toString('hex')}`
    await server.query(`create role ${login} login`)
    const added = await asked('admin', ['operators', 'add'], login, 'liv@hlf.example')
    expect(added.code).toBe(0)
    const left = await asked('admin', ['operators', 'disable'], ctrlC)
    expect(left.code).toBe(9)
    const place = new RegExp(`(\\d+)\\. ${login}, liv@hlf\\.example`).exec(left.stderr)?.[1] ?? ''
    expect((await asked('admin', ['operators', 'disable'], place, 'x', '', 'yes')).code).toBe(0)
    const enabled = await asked('admin', ['operators', 'enable'], '1')
    expect(enabled.stderr).toContain(`1. ${login}, liv@hlf.example`)
    expect(enabled.code).toBe(0)
    const removed = await asked('admin', ['operators', 'remove'], place, 'x', '', 'yes')
    expect(removed.stderr).toContain(
      `The login ${login} (liv@hlf.example, org_admin) loses its rights now and is forgotten`,
    )
    expect(removed.code).toBe(0)
  })
})
