import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins } from '../../support/as-login.ts'
import { everythingOf } from '../../support/bystanders.ts'
import { ended, leftOf, untouched } from '../../support/left-of.ts'
import {
  emailOf,
  organizations,
  type Person,
  people,
  peopledDatabase,
  seedGrant,
  seedSessions,
} from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'
import {
  chainBreaks,
  endedOnce,
  eventsOf,
  listOf,
  ownFolder,
  readReport,
  seedCrowd,
  stateOf,
} from '../../support/users.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const folder = ownFolder()
let database: string
/** All of nhf: only tests that say so touch it. */
let bystanders: string

interface Result {
  readonly kind: string
  readonly requestId: string | null
  readonly dryRun: boolean
  readonly summary: Record<string, number>
  readonly blocklist: { mode: string; published: number; pending: number }
  readonly residualAccess: readonly unknown[]
  readonly items: readonly {
    row: number
    email: string
    userId: string
    outcome: string
    sessionsRevoked: number
    message: string | null
  }[]
}

const users = (login: string, argv: readonly string[], options: RunOptions = {}) =>
  run(server, database, login, ['users', ...argv], { redis, ...options })
const sure = ['--reason', 'left', '--yes']
const act = (login: string, verb: string, ...argv: string[]) =>
  users(login, [verb, ...argv, ...sure, '-o', 'json'])
const offboard = (login: string, ...argv: string[]) => act(login, 'offboard', ...argv)
const statusOf = async (person: Person) =>
  (
    await server.query<{ status: string }>(
      'select status from meander.users where id = $1',
      [people[person].id],
      database,
    )
  )[0]?.status
const session = async (person: Person) => (await seedSessions(server, database, [{ person }]))[0]?.id ?? ''

beforeEach(async () => {
  database = await peopledDatabase(server)
  await seedSessions(server, database, [{ person: 'nils' }, { person: 'per', chain: 2 }])
  bystanders = await everythingOf(server, database, 'nhf')
})
afterEach(async () => {
  expect(await everythingOf(server, database, 'nhf')).toBe(bystanders)
})
afterAll(async () => {
  await closeLogins()
  folder.remove()
})

describe('users offboard', () => {
  it('deactivates, ends sessions and chains, blocks access tokens, and says so, once', async () => {
    const [phone, portal] = await seedSessions(server, database, [
      { person: 'mari', chain: 3 },
      { person: 'mari', kind: 'portal' },
    ])
    const ran = await offboard('kari', 'MARI@hlf.example', '--ticket', 'HR-1')
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.json<Result>()).toEqual({
      schemaVersion: 1,
      kind: 'OffboardResult',
      requestId: null,
      dryRun: false,
      summary: {
        rows: 1,
        offboarded: 1,
        alreadyOffboarded: 0,
        notFound: 0,
        invalid: 0,
        refused: 0,
        failed: 0,
        sessionsRevoked: 2,
        accessTokensBlocked: 4,
        grantsRevoked: 0,
      },
      blocklist: { mode: 'redis', published: 4, pending: 0 },
      residualAccess: [],
      items: [
        {
          row: 1,
          email: emailOf('mari'),
          userId: people.mari.id,
          outcome: 'offboarded',
          sessionsRevoked: 2,
          message: null,
        },
      ],
    })
    expect(await statusOf('mari')).toBe('deactivated')
    for (const one of [phone, portal])
      expect(await leftOf(server, database, one?.id ?? '')).toEqual(ended('left'))
    const again = await offboard('kari', people.mari.id)
    expect(again.code).toBe(0)
    expect(again.json<Result>().items).toMatchObject([{ outcome: 'alreadyOffboarded', sessionsRevoked: 0 }])
    expect(await eventsOf(server, database, 'hlf')).toMatchObject([
      {
        actor: 'kari',
        action: 'user.offboarded',
        target_id: people.mari.id,
        reason: 'left',
        ticket: 'HR-1',
        details: { sessions: [phone?.id, portal?.id].sort(), accessTokensBlocked: 4, priorStatus: 'active' },
      },
    ])
    expect((await users('kari', ['verify', 'mari@hlf.example', '--offboarded'])).code).toBe(0)
  })

  it('answers unknown, foreign and staff alike, does nothing and names the row', async () => {
    const id = await session('mari')
    const names = ['pex@nhf.example', emailOf('per'), people.per.id, randomUUID(), emailOf('gro')]
    const [first, ...others] = await Promise.all(names.map((name) => offboard('kari', name)))
    expect(first).toMatchObject({ code: 3, stdout: '' })
    expect(first?.error()).toMatchObject({ code: 'NOT_FOUND', details: ['no such user within your reach'] })
    for (const other of others) expect(other).toMatchObject({ code: 3, stdout: '', stderr: first?.stderr })
    const several = await offboard('kari', 'mari@hlf.example', emailOf('per'))
    expect(several.error()).toMatchObject({ exitCode: 3, details: ['row 2: no such user within your reach'] })
    expect(await leftOf(server, database, id)).toEqual(untouched())
    expect((await eventsOf(server, database, 'hlf')).map(({ action }) => action)).toEqual([])
  })

  it('goes on without the others when told so, and names each', async () => {
    const ran = await offboard(
      'kari',
      'mari@hlf.example',
      'per@nhf.example',
      'mari',
      'ola@hlf.example',
      people.ola.id,
      '--skip-invalid',
    )
    expect(ran.code).toBe(6)
    expect(ran.json<Result>().summary).toMatchObject({ rows: 5, offboarded: 2, notFound: 1, invalid: 2 })
    expect(ran.json<Result>().items.map(({ row, outcome, message }) => [row, outcome, message])).toEqual([
      [1, 'offboarded', null],
      [2, 'notFound', 'no such user within your reach'],
      [3, 'invalid', 'the e-mail address is malformed'],
      [4, 'offboarded', null],
      [5, 'invalid', 'the same user as in row 4'],
    ])
    expect((await offboard('kari', 'pex@hlf.example', '--skip-invalid')).code).toBe(6)
  })

  it.each([
    ['nobody named', ['offboard'], 2],
    ['names and a list', ['offboard', 'mari@hlf.example', '--file', 'x.csv'], 2],
    ['a malformed name', ['offboard', 'mari'], 2],
    ['the same user by e-mail and id', ['offboard', 'mari@hlf.example', people.mari.id], 2],
    ['a batch of nobody', ['offboard', 'mari@hlf.example', '--batch-size', '0'], 2],
    ['an unknown option', ['offboard', 'mari@hlf.example', '--force'], 2],
    ['a foreign organization', ['offboard', 'mari@hlf.example', '--org', 'nhf'], 3],
  ])('does nothing for %s', async (_, argv, code) => {
    expect((await users('kari', [...argv, ...sure])).code).toBe(code)
    expect(await statusOf('mari')).toBe('active')
  })

  it('never begins what it could not ask', async () => {
    const unasked = await users('kari', ['offboard', 'mari@hlf.example', '--reason', 'left'])
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    const unexplained = await users('kari', ['offboard', 'mari@hlf.example', '--yes'])
    expect(unexplained).toMatchObject({ code: 2, stderr: expect.stringContaining('--reason') })
    expect(await statusOf('mari')).toBe('active')
  })

  it('asks a person, naming organization and number, and takes no for an answer', async () => {
    const no = await users('kari', ['offboard', 'mari@hlf.example', 'ola@hlf.example'], {
      terminal: ['left', 'n'],
    })
    expect(no).toMatchObject({
      code: 9,
      stderr: expect.stringMatching(
        /2 users of hlf \(mari@hlf\.example, ola@hlf\.example\) will be off-boarded.* \d active sessions? ends? now\. Go on\?/,
      ),
    })
    expect(await statusOf('mari')).toBe('active')
    const yes = await users('kari', ['offboard', 'mari@hlf.example'], { terminal: ['left', 'y'] })
    expect(yes.code).toBe(0)
    expect(await statusOf('mari')).toBe('deactivated')
  })

  it('has the number typed for more than 50 users', async () => {
    const crowd = await seedCrowd(server, database, 'crowd', 51)
    const list = folder.saved(listOf(crowd.emails))
    const argv = ['offboard', '--file', list, '--reason', 'left']
    const wrong = await users('kari', argv, { terminal: ['y'] })
    expect(wrong).toMatchObject({
      code: 9,
      stderr: expect.stringMatching(/51 users of hlf .*Type 51 to go on/),
    })
    expect(await stateOf(server, database, crowd)).toMatchObject({ active: 51, sessions: 51, events: 0 })
    expect((await users('kari', argv, { terminal: ['51'] })).code).toBe(0)
    expect(await stateOf(server, database, crowd)).toEqual(endedOnce(51))
  })

  it('refuses more than --max-affected, changing nothing', async () => {
    const ran = await offboard('kari', 'mari@hlf.example', 'ola@hlf.example', '--max-affected', '1')
    expect(ran).toMatchObject({ code: 5, stdout: '' })
    expect(await statusOf('ola')).toBe('active')
    expect((await offboard('kari', 'mari@hlf.example', 'ola@hlf.example', '--max-affected', '2')).code).toBe(
      0,
    )
  })

  it('with --dry-run changes nothing, and ends and reports as the real run', async () => {
    const crowd = await seedCrowd(server, database, 'crowd', 7, { sessions: 2 })
    await offboard('kari', crowd.emails[0] ?? '')
    const list = folder.saved(listOf([...crowd.emails, 'nobody@hlf.example', crowd.emails[1] ?? '']))
    const argv = ['--file', list, '--skip-invalid', '--batch-size', '2', '--report']
    const before = await everythingOf(server, database, 'hlf')
    const dry = await users('kari', [
      'offboard',
      ...argv,
      folder.path('dry.csv'),
      '--dry-run',
      '--reason',
      'left',
      '-o',
      'json',
    ])
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
    const real = await offboard('kari', ...argv, folder.path('real.csv'))
    expect([dry.code, real.code]).toEqual([6, 6])
    expect(dry.json<Result>()).toMatchObject({
      dryRun: true,
      summary: real.json<Result>().summary,
      items: real.json<Result>().items,
    })
    expect(readFileSync(folder.path('dry.csv'), 'utf8')).toBe(readFileSync(folder.path('real.csv'), 'utf8'))
    expect(readReport(folder.path('real.csv'))).toHaveLength(9)
  })

  it('a dry run needs neither a reason nor a yes, and has the exit code of the real run', async () => {
    expect((await users('kari', ['offboard', 'mari@hlf.example', '--dry-run'])).code).toBe(0)
    expect((await users('kari', ['offboard', 'per@nhf.example', '--dry-run'])).code).toBe(3)
    expect((await users('kari', ['offboard', 'kari@hlf.example', '--dry-run'])).code).toBe(5)
    expect((await users('ada', ['offboard', 'mari@hlf.example', '--dry-run'])).code).toBe(5)
    expect(await statusOf('mari')).toBe('active')
  })
})

describe('off-boarding again after Redis could not be told, or the run was killed before it was', () => {
  it('tells Redis what the first run left, and is 8 as long as it cannot', async () => {
    await session('mari')
    const argv = ['offboard', emailOf('mari'), ...sure, '-o', 'json']
    const dead = { redis: 'redis://127.0.0.1:1' }
    expect((await users('kari', argv, dead)).code).toBe(8)
    const still = await users('kari', argv, dead)
    expect(still.code).toBe(8)
    expect(still.json<Result>()).toMatchObject({
      summary: { alreadyOffboarded: 1 },
      blocklist: { pending: 1 },
      residualAccess: [{ jti: expect.any(String) }],
    })
    const told = await users('kari', argv)
    expect(told.code).toBe(0)
    expect(told.json<Result>()).toMatchObject({ blocklist: { pending: 0 }, residualAccess: [] })
    expect((await users('kari', ['verify', emailOf('mari'), '--offboarded'])).code).toBe(0)
  })
})

describe('with a request id', () => {
  it('a repeat returns the first result and changes nothing; other arguments are an error', async () => {
    const request = randomUUID()
    await session('mari')
    const first = await act('kari', 'sign-out', 'mari@hlf.example', '--request-id', request)
    const since = await session('mari')
    const again = await act('kari', 'sign-out', 'mari@hlf.example', '--request-id', request)
    expect(first.json<Result>()).toMatchObject({ requestId: request, summary: { signedOut: 1 } })
    expect(again).toMatchObject({ code: 0, stdout: first.stdout })
    expect(await leftOf(server, database, since)).toEqual(untouched())
    const others = [
      act('kari', 'sign-out', 'ola@hlf.example', '--request-id', request),
      act('kari', 'offboard', 'mari@hlf.example', '--request-id', request),
    ]
    for (const other of await Promise.all(others)) expect(other.error()).toMatchObject({ exitCode: 2 })
    expect(await eventsOf(server, database, 'hlf')).toMatchObject([
      { action: 'user.signed_out', request_id: request },
    ])
  })

  it('is not used up by refusals, failures and dry runs', async () => {
    const request = randomUUID()
    const argv = ['mari@hlf.example', '--request-id', request]
    expect((await users('kari', ['offboard', ...argv, '--dry-run'])).code).toBe(0)
    expect((await offboard('kari', ...argv, '--max-affected', '1', 'ola@hlf.example')).code).toBe(5)
    expect((await offboard('kari', ...argv)).json<Result>().summary).toMatchObject({ offboarded: 1 })
    expect((await offboard('kari', ...argv)).json<Result>().summary).toMatchObject({ offboarded: 1 })
  })

  it('keeps the report the same', async () => {
    const [request, list] = [
      randomUUID(),
      folder.saved('email,ticket\nmari@hlf.example,T-1\nnobody@hlf.example,\n'),
    ]
    const argv = (report: string) => [
      '--file',
      list,
      '--skip-invalid',
      '--request-id',
      request,
      '--report',
      folder.path(report),
    ]
    expect((await offboard('kari', ...argv('first.csv'))).code).toBe(6)
    expect((await offboard('kari', ...argv('again.csv'))).code).toBe(6)
    expect(readFileSync(folder.path('again.csv'), 'utf8')).toBe(
      readFileSync(folder.path('first.csv'), 'utf8'),
    )
  })
})

describe('who may not be off-boarded', () => {
  it('oneself: 5, nothing done, and on the record, dry runs too', async () => {
    for (const argv of [
      ['offboard', 'kari@hlf.example'],
      ['offboard', people.kari.id, '--dry-run'],
    ]) {
      const ran = await users('kari', [...argv, ...sure, '-o', 'json'])
      expect(ran.error()).toMatchObject({ exitCode: 5, details: ['nobody off-boards themselves'] })
    }
    const refusal = {
      actor: 'kari',
      action: 'user.offboard_refused',
      target_id: people.kari.id,
      reason: 'left',
    }
    expect(await eventsOf(server, database, 'hlf')).toMatchObject([refusal, refusal])
    expect(await statusOf('kari')).toBe('active')
  })

  it('oneself within a list: the others are not begun either, unless told to skip', async () => {
    const both = ['mari@hlf.example', 'kari@hlf.example']
    expect((await offboard('kari', ...both)).code).toBe(5)
    expect(await statusOf('mari')).toBe('active')
    const skipped = await offboard('kari', ...both, '--skip-invalid')
    expect(skipped.code).toBe(6)
    expect(skipped.json<Result>().items.map(({ outcome }) => outcome)).toEqual(['offboarded', 'refused'])
    expect(await statusOf('kari')).toBe('active')
  })

  it('the last org admin, by a global admin under a grant', async () => {
    bystanders = ''
    await seedGrant(server, database, 'gro', 'nhf')
    const ran = await offboard('gro', 'nils@nhf.example')
    expect(ran.error()).toMatchObject({
      exitCode: 5,
      details: ['this would leave the organization without an org admin'],
    })
    expect(await statusOf('nils')).toBe('active')
    expect((await eventsOf(server, database, 'platform')).at(-1)).toMatchObject({
      actor: 'gro',
      action: 'user.offboard_refused',
      target_id: people.nils.id,
    })
    bystanders = await everythingOf(server, database, 'nhf')
  })

  it('the last two org admins together, in one list or in two chunks of it', async () => {
    await seedGrant(server, database, 'gro', 'hlf')
    for (const size of ['1', '500']) {
      const ran = await offboard(
        'gro',
        'kari@hlf.example',
        'liv@hlf.example',
        'mari@hlf.example',
        '--skip-invalid',
        '--batch-size',
        size,
      )
      expect(ran.code).toBe(6)
      expect(ran.json<Result>().summary).toMatchObject({ refused: 2 })
      expect([await statusOf('kari'), await statusOf('liv')]).toEqual(['active', 'active'])
    }
    expect((await offboard('gro', 'kari@hlf.example')).code).toBe(0)
    expect((await offboard('gro', 'liv@hlf.example')).code).toBe(5)
  })

  it('the last two org admins at once by two: one stays', async () => {
    await seedGrant(server, database, 'gro', 'hlf')
    await seedGrant(server, database, 'siv', 'hlf')
    // Both have looked and found it allowed before either may write.
    const gate = await asLogin(server, database, server.superuser)
    await gate.rows("begin; select from meander.users where role = 'org_admin' for update")
    const running = [offboard('gro', 'kari@hlf.example'), offboard('siv', 'liv@hlf.example')]
    for (let waiting = 0; waiting !== 2; await sleep(20)) {
      const [row] = await server.query<{ waiting: number }>(
        "select count(*)::int as waiting from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'",
        [database],
      )
      waiting = row?.waiting ?? 0
    }
    await gate.rows('commit')
    const ran = await Promise.all(running)
    expect(ran.map(({ code }) => code).sort()).toEqual([0, 5])
    expect([await statusOf('kari'), await statusOf('liv')].sort()).toEqual(['active', 'deactivated'])
    expect(
      (await eventsOf(server, database, 'platform')).filter(
        ({ action }) => action === 'user.offboard_refused',
      ),
    ).toHaveLength(1)
  })
})

describe('who off-boards', () => {
  it('an org admin who was off-boarded has no rights at the next call', async () => {
    await seedGrant(server, database, 'gro', 'hlf')
    expect((await users('kari', ['list'])).code).toBe(0)
    expect((await offboard('gro', 'kari@hlf.example')).code).toBe(0)
    const refused = await users('kari', ['list', '-o', 'json'])
    expect(refused.error()).toMatchObject({ code: 'UNAUTHENTICATED', exitCode: 4 })
    expect((await offboard('kari', 'mari@hlf.example')).code).toBe(4)
    expect(await statusOf('mari')).toBe('active')
  })

  it.each(['sign-out', 'offboard', 'reinstate'])(
    'an auditor may not %s: 5, recorded, nothing done',
    async (verb) => {
      const id = await session('mari')
      const ran = await act('ada', verb, 'mari@hlf.example')
      expect(ran.error()).toMatchObject({ code: 'REFUSED', exitCode: 5 })
      expect((await act('ada', verb, 'mari@hlf.example', 'ola@hlf.example')).code).toBe(5)
      expect(await leftOf(server, database, id)).toEqual(untouched())
      expect(await eventsOf(server, database, 'hlf')).toMatchObject([
        { actor: 'ada', action: `user.${verb.replace('-', '_')}_refused`, target_id: people.mari.id },
        { target_id: people.mari.id },
        { target_id: people.ola.id },
      ])
    },
  )

  it('a global admin under a grant off-boards but does not reinstate; without one, nobody is there', async () => {
    expect((await offboard('gro', 'mari@hlf.example')).code).toBe(3)
    await seedGrant(server, database, 'gro', 'hlf')
    expect((await offboard('gro', 'mari@hlf.example', '--ticket', 'HD-9')).code).toBe(0)
    expect((await act('gro', 'reinstate', 'mari@hlf.example')).error()).toMatchObject({ exitCode: 5 })
    expect(await statusOf('mari')).toBe('deactivated')
    const events = await eventsOf(server, database, 'hlf')
    expect(events.find(({ action }) => action === 'user.offboarded')).toMatchObject({
      actor: 'gro',
      ticket: 'HD-9',
    })
    expect((await users('gro', ['verify', 'mari@hlf.example', '--offboarded'])).code).toBe(0)
  })

  it('an e-mail of two organizations is ambiguous under two grants', async () => {
    bystanders = ''
    await seedGrant(server, database, 'gro', 'hlf')
    await seedGrant(server, database, 'gro', 'nhf')
    const twin = randomUUID()
    await server.query(
      `insert into meander.users (id, organization_id, email, display_name, role)
       values ($1, '${organizations.nhf}', '${emailOf('mari')}', 'Mari', 'member')`,
      [twin],
      database,
    )
    bystanders = await everythingOf(server, database, 'nhf')
    const both = await users('gro', ['offboard', 'mari@hlf.example', '--dry-run', '-o', 'json'])
    expect(both.error()).toMatchObject({
      exitCode: 2,
      details: [`several users have this e-mail address: ${people.mari.id} in hlf, ${twin} in nhf`],
    })
    expect((await users('gro', ['offboard', 'mari@hlf.example', '--org', 'hlf', '--dry-run'])).code).toBe(0)
    bystanders = await everythingOf(server, database, 'nhf')
  })

  it('the administrator off-boards and verifies staff, with the grant’s end on the organization’s record', async () => {
    const granted = await seedGrant(server, database, 'gro', 'hlf')
    const [own, support] = await seedSessions(server, database, [
      { person: 'gro', kind: 'portal' },
      { person: 'gro', kind: 'portal', organization: 'hlf', grant: granted, expiresIn: '30 minutes' },
    ])
    expect((await users('admin', ['verify', 'gro@meander.example', '--offboarded'])).code).toBe(7)
    const request = ['--request-id', randomUUID()]
    const ran = await offboard('admin', 'gro@meander.example', ...request)
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.json<Result>().summary).toMatchObject({ offboarded: 1, sessionsRevoked: 2, grantsRevoked: 1 })
    expect(await eventsOf(server, database, 'platform')).toMatchObject([
      { actor: 'admin', action: 'user.offboarded', target_id: people.gro.id },
    ])
    expect(
      (await eventsOf(server, database, 'hlf')).map(({ action, target_id }) => [action, target_id]),
    ).toEqual([
      ['grant.revoked', granted],
      ['session.revoked', support?.id],
    ])
    expect(await leftOf(server, database, own?.id ?? '')).toEqual(ended('left', 'admin'))
    expect((await users('admin', ['verify', 'gro@meander.example', '--offboarded'])).code).toBe(0)
    expect((await users('gro', ['list'])).code).toBe(4)
    expect((await offboard('admin', 'gro@meander.example', ...request)).json<Result>().summary).toMatchObject(
      {
        offboarded: 1,
      },
    )
    expect(await chainBreaks(server, database, 'hlf')).toBe(0)
  })

  it('the administrator has no business with anybody else, and reinstates nobody', async () => {
    expect((await offboard('admin', 'mari@hlf.example')).code).toBe(3)
    await offboard('admin', 'siv@meander.example')
    expect((await act('admin', 'reinstate', 'siv@meander.example')).error()).toMatchObject({ exitCode: 5 })
    expect(await statusOf('siv')).toBe('deactivated')
  })
})

describe('users reinstate', () => {
  it('gives back the account alone, once', async () => {
    const id = await session('mari')
    await offboard('kari', 'mari@hlf.example')
    const first = await act('kari', 'reinstate', 'mari@hlf.example')
    expect(first).toMatchObject({ code: 0 })
    expect(first.json<Result>()).toMatchObject({
      kind: 'ReinstateResult',
      summary: { reinstated: 1, alreadyActive: 0 },
    })
    expect((await act('kari', 'reinstate', 'mari@hlf.example')).json<Result>().summary).toMatchObject({
      alreadyActive: 1,
    })
    expect(await statusOf('mari')).toBe('active')
    expect(await leftOf(server, database, id)).toEqual(ended('left'))
    expect((await eventsOf(server, database, 'hlf')).map(({ action }) => action)).toEqual([
      'user.offboarded',
      'user.reinstated',
    ])
    expect((await users('kari', ['verify', 'mari@hlf.example', '--offboarded'])).code).toBe(7)
  })
})

describe('users sign-out', () => {
  it('ends sessions and leaves the account, once', async () => {
    const id = await session('mari')
    const other = await session('ola')
    const first = await act('kari', 'sign-out', 'mari@hlf.example')
    expect(first.json<Result>()).toMatchObject({
      kind: 'SignOutResult',
      summary: { signedOut: 1, sessionsRevoked: 1 },
    })
    expect((await act('kari', 'sign-out', 'mari@hlf.example')).json<Result>().summary).toMatchObject({
      alreadySignedOut: 1,
    })
    expect(await leftOf(server, database, id)).toEqual(ended('left'))
    expect(await leftOf(server, database, other)).toEqual(untouched())
    expect(await statusOf('mari')).toBe('active')
    expect((await users('kari', ['verify', 'mari@hlf.example'])).code).toBe(0)
    expect(await eventsOf(server, database, 'hlf')).toHaveLength(1)
  })

  it('says in --help how it differs from sessions revoke --user', async () => {
    expect((await users('kari', ['sign-out', '--help'])).stdout).toContain('sessions revoke  ends')
    expect((await run(server, database, 'kari', ['sessions', 'revoke', '--help'])).stdout).toContain(
      'users sign-out',
    )
  })
})
