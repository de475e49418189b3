import { randomUUID } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { everythingOf } from '../../support/bystanders.ts'
import { ended, leftOf as leftOfSession, untouched } from '../../support/left-of.ts'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { organizations, people, peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string
let s: NamedSessions<
  'phone' | 'tablet' | 'portal' | 'ola' | 'expired' | 'kari' | 'ada' | 'adaToo' | 'nils' | 'per'
>
/** All of nhf: nobody in this file may touch it. */
let bystanders: string

interface Result {
  readonly kind: string
  readonly requestId: string | null
  readonly dryRun: boolean
  readonly summary: Record<string, number>
  readonly blocklist: { mode: string; published: number; pending: number }
  readonly residualAccess: readonly unknown[]
  readonly items: readonly { sessionId: string; userEmail: string | null; outcome: string }[]
}

const revoke = (login: string, argv: readonly string[], options: RunOptions = {}) =>
  run(server, database, login, ['sessions', 'revoke', ...argv], { redis, ...options })
/** Goes ahead without being asked. */
const sure = ['--reason', 'lost phone', '--yes']
const revoked = async (login: string, ...argv: string[]) => {
  const ran = await revoke(login, [...argv, ...sure, '-o', 'json'])
  return { ...ran, result: ran.json<Result>() }
}

const leftOf = (id: string) => leftOfSession(server, database, id)

/** The newest events of an organization, oldest first. */
const events = async (organization: keyof typeof organizations, since = 0) =>
  server.query<{ seq: number; actor: string; action: string; target_id: string; details: object }>(
    `select seq::int, actor, action, target_id, reason, ticket, request_id, details
     from meander.audit_log where organization_id = $1 and seq > $2 order by seq`,
    [organizations[organization], since],
    database,
  )
const heads = async (organization: keyof typeof organizations) =>
  (await events(organization)).at(-1)?.seq ?? 0

beforeAll(async () => {
  database = await peopledDatabase(server)
})

beforeEach(async () => {
  await server.query(
    `set session_replication_role = 'replica';
     delete from meander.token_blocklist; delete from meander.refresh_tokens; delete from meander.sessions`,
    [],
    database,
  )
  s = await seedNamed(server, database, {
    phone: { person: 'mari', chain: 3, deviceName: 'iPhone 15', activeAgo: '1 minute' },
    tablet: { person: 'mari', deviceName: 'iPad', activeAgo: '2 minutes' },
    portal: { person: 'mari', kind: 'portal', deviceName: null, activeAgo: '3 days' },
    ola: { person: 'ola', deviceName: 'iPhone 12', activeAgo: '4 minutes', ip: '203.0.113.5' },
    expired: { person: 'ola', expiresIn: '-1 minute', deviceName: 'old' },
    kari: { person: 'kari', deviceName: 'Pixel' },
    ada: { person: 'ada', deviceName: 'Pixel' },
    adaToo: { person: 'ada', kind: 'portal', deviceName: null },
    nils: { person: 'nils' },
    per: { person: 'per', deviceName: 'iPhone 15', ip: '203.0.113.5' },
  })
  bystanders = await everythingOf(server, database, 'nhf')
})

afterEach(async () => {
  expect(await everythingOf(server, database, 'nhf')).toBe(bystanders)
})

describe('by id', () => {
  it('ends the session, its chain and its access tokens, on the record', async () => {
    const seq = await heads('hlf')
    const { code, result, stderr } = await revoked('kari', s.id.phone, '--ticket', 'HLF-7')
    expect(code).toBe(0)
    expect(Object.keys(result)).toEqual([
      ...['schemaVersion', 'kind', 'requestId', 'dryRun', 'summary', 'blocklist', 'residualAccess', 'items'],
    ])
    expect(result).toEqual({
      schemaVersion: 1,
      kind: 'RevocationResult',
      requestId: null,
      dryRun: false,
      summary: {
        requested: 1,
        revoked: 1,
        alreadyRevoked: 0,
        alreadyExpired: 0,
        notFound: 0,
        refreshTokensRevoked: 1,
        accessTokensBlocked: 3,
      },
      blocklist: { mode: 'redis', published: 3, pending: 0 },
      residualAccess: [],
      items: [
        { sessionId: s.id.phone, userId: people.mari.id, userEmail: 'mari@hlf.example', outcome: 'revoked' },
      ],
    })
    expect(Object.keys(result.summary)).toEqual([
      ...['requested', 'revoked', 'alreadyRevoked', 'alreadyExpired', 'notFound'],
      ...['refreshTokensRevoked', 'accessTokensBlocked'],
    ])
    expect(stderr).toBe('1 session revoked; 1 refresh token ended, 3 access tokens blocked.\n')
    expect(await leftOf(s.id.phone)).toEqual(ended('lost phone'))
    expect(await leftOf(s.id.tablet)).toEqual(untouched())
    expect(await events('hlf', seq)).toMatchObject([
      {
        actor: 'kari',
        action: 'session.revoked',
        target_id: s.id.phone,
        reason: 'lost phone',
        ticket: 'HLF-7',
        details: {
          userId: people.mari.id,
          priorState: 'active',
          refreshTokensRevoked: 1,
          accessTokensBlocked: 3,
        },
      },
    ])
  })

  it('several at once, one event each; named twice counts once', async () => {
    const seq = await heads('hlf')
    const { code, result } = await revoked('kari', s.id.phone, s.id.ola, s.id.phone.toUpperCase())
    expect(code).toBe(0)
    expect(result.summary).toMatchObject({ requested: 2, revoked: 2 })
    expect((await events('hlf', seq)).map(({ target_id }) => target_id).sort()).toEqual(
      [s.id.phone, s.id.ola].sort(),
    )
  })

  it('is done when it was revoked or had expired before, and says so', async () => {
    await revoked('kari', s.id.phone)
    const seq = await heads('hlf')
    const { code, result, stderr } = await revoked('kari', s.id.phone, s.id.expired)
    expect(code).toBe(0)
    expect(result.summary).toMatchObject({ requested: 2, revoked: 0, alreadyRevoked: 1, alreadyExpired: 1 })
    expect(Object.fromEntries(result.items.map(({ sessionId, outcome }) => [sessionId, outcome]))).toEqual({
      [s.id.phone]: 'alreadyRevoked',
      [s.id.expired]: 'alreadyExpired',
    })
    expect(stderr).toMatch(/^0 sessions revoked; 1 revoked before; 1 expired before; /)
    // A session that expired is marked, so that a looser policy does not bring it back; its tokens are blocked.
    expect(await leftOf(s.id.expired)).toEqual(ended('lost phone'))
    expect(await events('hlf', seq)).toMatchObject([
      { target_id: s.id.expired, details: { priorState: 'expired' } },
    ])
  })

  it('a repeat keeps who was first and why', async () => {
    await revoked('kari', s.id.phone)
    expect((await revoke('kari', [s.id.phone, '--reason', 'again', '--yes'])).code).toBe(0)
    expect(await leftOf(s.id.phone)).toEqual(ended('lost phone'))
  })

  it('unknown and foreign are 3, look the same, and are recorded the same, on one’s own chain', async () => {
    const seen: unknown[] = []
    for (const id of [s.id.nils, randomUUID()]) {
      const seq = await heads('hlf')
      const { code, stdout, stderr } = await revoked('kari', id)
      const record = await events('hlf', seq)
      expect(record).toMatchObject([
        { actor: 'kari', action: 'session.revoke_refused', target_id: id, details: { refused: 'MC404' } },
      ])
      seen.push(
        JSON.parse(
          JSON.stringify({ code, stdout, stderr, record: { ...record[0], seq: 0 } }).replaceAll(id, 'ID'),
        ),
      )
    }
    expect(seen[0]).toMatchObject({ code: 3 })
    expect(seen[0]).toEqual(seen[1])
  })

  it('ends what is there when something else is not, and says 3', async () => {
    const unknown = randomUUID()
    const { code, result } = await revoked('kari', s.id.phone, s.id.per, unknown)
    expect(code).toBe(3)
    expect(result.summary).toMatchObject({ requested: 3, revoked: 1, notFound: 2 })
    expect(result.items.find(({ sessionId }) => sessionId === s.id.per)).toEqual({
      sessionId: s.id.per,
      userId: null,
      userEmail: null,
      outcome: 'notFound',
    })
    expect(await leftOf(s.id.phone)).toEqual(ended('lost phone'))
  })

  it('one malformed id stops everything', async () => {
    const { code, stdout } = await revoke('kari', [s.id.phone, 'phone', ...sure])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
  })
})

describe('by selector', () => {
  it.each([
    ['--user mari@hlf.example', ['phone', 'tablet', 'portal']],
    ['--user MARI@hlf.example --kind mobile', ['phone', 'tablet']],
    ['--device iphone', ['phone', 'ola']],
    ['--ip 203.0.113.0/24', ['ola']],
    ['--user mari@hlf.example --idle-for 2d', ['portal']],
    ['--mine', ['kari']],
    ['--mine --org hlf', ['kari']],
    ['--user mari@hlf.example --state any', ['phone', 'tablet', 'portal']],
  ] as const)('%s ends these and no others', async (argv, names) => {
    const { code, result } = await revoked('kari', ...argv.split(' '))
    expect(code).toBe(0)
    expect(result.items.map(({ sessionId }) => sessionId).sort()).toEqual(
      names.map((name) => s.id[name]).sort(),
    )
    for (const name of ['phone', 'tablet', 'portal', 'ola', 'kari', 'ada', 'adaToo'] as const) {
      const expected = (names as readonly string[]).includes(name)
        ? ended('lost phone')
        : untouched(name === 'phone' ? 3 : 1)
      expect({ name, left: await leftOf(s.id[name]) }).toEqual({ name, left: expected })
    }
  })

  it('the list is its preview: the same selectors name the same sessions', async () => {
    const selectors = ['--device', 'iPhone', '--active-within', '1h']
    const { stdout } = await run(server, database, 'kari', ['sessions', 'list', ...selectors, '-o', 'id'])
    const { result } = await revoked('kari', ...selectors)
    expect(result.items.map(({ sessionId }) => sessionId).sort()).toEqual(stdout.trim().split('\n').sort())
  })

  it('--except leaves these alone', async () => {
    const { code, result } = await revoked(
      'kari',
      ...['--user', 'mari@hlf.example', '--except', s.id.tablet.toUpperCase(), s.id.portal],
    )
    expect(code).toBe(0)
    expect(result.items.map(({ sessionId }) => sessionId)).toEqual([s.id.phone])
    expect(await leftOf(s.id.tablet)).toEqual(untouched())
    expect(await leftOf(s.id.portal)).toEqual(untouched())
  })

  it('everything excepted: nothing is done, and that is no failure', async () => {
    const { code, result } = await revoked('kari', s.id.phone, '--except', s.id.phone)
    expect({ code, requested: result.summary.requested }).toEqual({ code: 0, requested: 0 })
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
  })

  it('what matches has ended before: done, nothing to do', async () => {
    await revoked('kari', '--user', 'mari@hlf.example')
    const { code, result, stderr } = await revoked('kari', '--user', 'mari@hlf.example')
    expect({ code, requested: result.summary.requested }).toEqual({ code: 0, requested: 0 })
    expect(stderr).toContain('Nothing to end: what matches has ended before.\n')
  })

  it('nothing matches in any state: 3', async () => {
    expect(await revoke('kari', ['--user', 'liv@hlf.example', ...sure])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: 'meanderctl: No session matches, in any state.\nSee what there is: meanderctl sessions list\n',
    })
    expect((await revoke('kari', ['--user', 'liv@hlf.example', '--dry-run'])).code).toBe(3)
  })

  it.each([
    ['--user', 'per@nhf.example', 'nobody@nhf.example'],
    ['--org', 'nhf', 'nowhere'],
    ['--grant', organizations.nhf, randomUUID()],
  ])('%s: unknown and foreign are 3 and look the same', async (option, foreign, unknown) => {
    const more = option === '--org' ? ['--kind', 'mobile'] : []
    const [one, other] = [
      await revoke('kari', [option, foreign, ...more, ...sure]),
      await revoke('kari', [option, unknown, ...more, ...sure]),
    ]
    expect(one).toMatchObject({ code: 3, stdout: '' })
    expect(one).toMatchObject({ code: other.code, stdout: other.stdout, stderr: other.stderr })
  })
})

describe('an empty selector is never "all"', () => {
  it.each([
    [[]],
    [['--state', 'active']],
    [['--state', 'any']],
    [['--except', randomUUID()]],
    [['--max-affected', '5']],
  ])('%j', async (argv) => {
    expect(await revoke('kari', [...argv, ...sure])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'meanderctl: Nothing was selected: an empty selector is never "all".\n' +
        'Name session ids, a selector such as --user, or --org for a whole organization.\n',
    })
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
  })

  it('MEANDERCTL_ORG narrows, but selects nothing', async () => {
    const ran = await revoke('kari', [...sure, '--max-affected', '100'], { env: { MEANDERCTL_ORG: 'hlf' } })
    expect(ran.code).toBe(2)
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
  })

  it('--sort and --limit are the list’s: unknown here', async () => {
    for (const argv of [
      ['--sort', 'created'],
      ['--limit', '5'],
    ])
      expect((await revoke('kari', [...argv, ...sure])).code).toBe(2)
  })

  it('ids and selectors do not mix', async () => {
    const ran = await revoke('kari', [s.id.phone, '--kind', 'mobile', ...sure])
    expect(ran).toMatchObject({
      code: 2,
      stderr:
        'meanderctl: Sessions are named either by id or by selectors, not both.\nLeave out the ids, or the selectors.\n',
    })
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
  })
})

describe('a whole organization', () => {
  it('with --yes needs --max-affected', async () => {
    expect(await revoke('kari', ['--org', 'hlf', ...sure])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'meanderctl: A whole organization with --yes needs --max-affected.\n' +
        'Give --max-affected N: more sessions than that are refused, and nothing is changed.\n',
    })
    const { code, result } = await revoked('kari', '--org', 'hlf', '--max-affected', '7')
    expect(code).toBe(0)
    expect(result.summary.revoked).toBe(7)
    expect(await leftOf(s.id.ada)).toEqual(ended('lost phone'))
  })

  it('a dry run shows it without', async () => {
    const ran = await revoke('kari', ['--org', 'hlf', '--dry-run', '-o', 'json'])
    expect(ran.code).toBe(0)
    expect(ran.json<Result>().summary).toMatchObject({ requested: 7, revoked: 7 })
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
  })
})

describe('--max-affected', () => {
  it('refuses more, changing nothing', async () => {
    const ran = await revoke('kari', ['--user', 'mari@hlf.example', '--max-affected', '2', ...sure])
    expect(ran).toMatchObject({
      code: 5,
      stdout: '',
      stderr:
        'meanderctl: 3 sessions would be ended, --max-affected allows 2: nothing was changed.\n' +
        'Narrow the selection, or raise --max-affected.\n',
    })
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
    expect(
      (await revoke('kari', ['--user', 'mari@hlf.example', '--max-affected', '2', '--dry-run'])).code,
    ).toBe(5)
  })

  it('counts what is left after --except, and ids too', async () => {
    const selected = ['--user', 'mari@hlf.example', '--except', s.id.phone, '--max-affected', '2']
    expect((await revoked('kari', ...selected)).code).toBe(0)
    expect((await revoke('kari', [s.id.ola, s.id.kari, '--max-affected', '1', ...sure])).code).toBe(5)
    expect(await leftOf(s.id.ola)).toEqual(untouched())
  })
})

describe('--dry-run', () => {
  it('says what would happen and changes nothing: no reason, no --yes, no Redis needed', async () => {
    const before = await everythingOf(server, database, 'hlf')
    for (const argv of [
      ['--user', 'mari@hlf.example', '-n'],
      [s.id.phone, '--dry-run'],
    ]) {
      const ran = await revoke('kari', [...argv, '-o', 'json'], { redis: undefined })
      expect(ran.code).toBe(0)
      expect(ran.json<Result>()).toMatchObject({
        requestId: null,
        dryRun: true,
        blocklist: { mode: 'redis', published: 0, pending: 0 },
        residualAccess: [],
      })
      expect(ran.stderr).toMatch(/ would be revoked; /)
    }
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
  })

  it('says exactly what the real run then does', async () => {
    const argv = [s.id.phone, s.id.expired, s.id.nils]
    const dry = await revoke('kari', [...argv, '--dry-run', '-o', 'json'])
    const real = await revoke('kari', [...argv, ...sure, '-o', 'json'])
    const { summary, items } = dry.json<Result>()
    expect(dry.code).toBe(3)
    expect(real.code).toBe(dry.code)
    expect(real.json<Result>()).toMatchObject({ summary, items })
  })
})

describe('nobody to ask', () => {
  it('no --yes: 2, before anything is opened', async () => {
    const ran = await revoke('kari', [s.id.phone, '--reason', 'x'], {
      env: { DATABASE_URL: 'postgresql://kari@127.0.0.1:1/nothing' },
    })
    expect(ran).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'meanderctl: This needs a confirmation, and there is no terminal to ask on.\n' +
        'Give --yes to go ahead, or --dry-run to see what would happen.\n',
    })
  })

  it('a yes in the pipe is not an answer', async () => {
    expect((await revoke('kari', [s.id.phone, '--reason', 'x'], { stdin: 'yes\ny\n' })).code).toBe(2)
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
  })

  it('no --reason: 2', async () => {
    expect(await revoke('kari', [s.id.phone, '--yes'])).toMatchObject({
      code: 2,
      stderr:
        'meanderctl: A reason is required, and there is no terminal to ask on.\n' +
        'Give --reason TEXT; it goes on the record.\n',
    })
    for (const reason of ['', '   ']) {
      expect((await revoke('kari', [s.id.phone, '--yes', '--reason', reason])).code).toBe(2)
    }
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
  })

  it('a reason with control characters, or without end, is 2', async () => {
    for (const reason of ['a\u001b[2Jb', 'two\nlines', 'x'.repeat(1001)]) {
      expect((await revoke('kari', [s.id.phone, '--yes', '--reason', reason])).code).toBe(2)
    }
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
  })
})

describe('an auditor', () => {
  it('is refused, on the record, and nothing is changed', async () => {
    for (const argv of [[s.id.phone], ['--user', 'mari@hlf.example'], [s.id.ada]]) {
      const seq = await heads('hlf')
      const ran = await revoke('ada', [...argv, ...sure])
      expect(ran).toMatchObject({ code: 5, stdout: '' })
      expect(ran.stderr).toBe('meanderctl: Refused: the role of this operator may not change this.\n')
      const record = await events('hlf', seq)
      expect(record.length).toBe(argv[0] === '--user' ? 3 : 1)
      for (const event of record)
        expect(event).toMatchObject({
          actor: 'ada',
          action: 'session.revoke_refused',
          reason: 'lost phone',
          details: { refused: 'MC403' },
        })
    }
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
    expect(await leftOf(s.id.ada)).toEqual(untouched())
  })

  it('is refused in a dry run as well, and recorded', async () => {
    const seq = await heads('hlf')
    expect((await revoke('ada', [s.id.phone, '--dry-run'])).code).toBe(5)
    expect(await events('hlf', seq)).toMatchObject([
      { actor: 'ada', action: 'session.revoke_refused', details: { refused: 'MC403' } },
    ])
  })

  it('ends the own sessions with --mine, the access tokens in Redis included', async () => {
    const { code, result } = await revoked('ada', '--mine', '--kind', 'mobile')
    expect({ code, blocklist: result.blocklist }).toEqual({
      code: 0,
      blocklist: { mode: 'redis', published: 1, pending: 0 },
    })
    expect(await leftOf(s.id.ada)).toEqual(ended('lost phone', 'ada'))
    expect(await leftOf(s.id.adaToo)).toEqual(untouched())
  })

  it('ends an own session by id, and with --mine no other’s', async () => {
    expect((await revoked('ada', '--mine', s.id.adaToo)).code).toBe(0)
    expect(await leftOf(s.id.adaToo)).toEqual(ended('lost phone', 'ada'))
    const { code, result } = await revoked('ada', '--mine', s.id.phone)
    expect({ code, notFound: result.summary.notFound }).toEqual({ code: 3, notFound: 1 })
    expect(await leftOf(s.id.phone)).toEqual(untouched(3))
  })
})

describe('output', () => {
  it.each([
    ['id', (id: string) => `${id}\n`],
    [
      'csv',
      (id: string) => `sessionId,userId,userEmail,outcome\n${id},${people.ola.id},ola@hlf.example,revoked\n`,
    ],
    [
      'ndjson',
      (id: string) =>
        `{"sessionId":"${id}","userId":"${people.ola.id}","userEmail":"ola@hlf.example","outcome":"revoked"}\n`,
    ],
    [
      'table',
      (id: string) =>
        `SESSION                               USER             OUTCOME\n${id}  ola@hlf.example  revoked\n`,
    ],
  ])('-o %s', async (format, expected) => {
    const { code, stdout } = await revoke('kari', [s.id.ola, ...sure, '-o', format])
    expect({ code, stdout }).toEqual({ code: 0, stdout: expected(s.id.ola) })
  })

  it('a refusal in -o json is one line of JSON on stderr', async () => {
    const ran = await revoke('ada', [s.id.phone, ...sure, '-o', 'json'])
    expect(ran.stdout).toBe('')
    expect(ran.stderr).toBe(
      '{"error":{"code":"REFUSED","exitCode":5,"message":"Refused: the role of this operator may not change this.","hint":null,"details":[]}}\n',
    )
  })
})
