import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { organizations, people, peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
let database: string

/** Twelve events of hlf (with the two that registered kari and ada), fewer of the others. */
beforeAll(async () => {
  database = await peopledDatabase(server)
  for (let n = 0; n < 10; n++) {
    const argv = [
      'sessions',
      'revoke',
      randomUUID(),
      '--reason',
      `på sak ${n} 🚆 “\\'`,
      '--yes',
      '--ticket',
      `T-${n % 3}`,
    ]
    await run(server, database, 'kari', argv)
  }
})

interface Fault {
  readonly organization: string
  readonly seq: number
  readonly lastSeq: number
  readonly fault: string
  readonly detail: string
  readonly expected: string | null
  readonly actual: string | null
}
interface Result {
  readonly schemaVersion: number
  readonly kind: string
  readonly items: Fault[]
  readonly summary: { organizations: number; events: number; faults: number }
  readonly chains: { organization: string; events: number; lastSeq: number; faults: number }[]
}

const verify = async (login: string, argv: readonly string[] = [], where = database) => {
  const ran = await run(server, where, login, ['audit', 'verify', ...argv, '-o', 'json'])
  return { ...ran, result: () => ran.json<Result>() }
}

/** What is found in a copy of the database after a superuser's hand was in it. */
const tampered = async (statements: readonly string[], original = database) => {
  const copy = await server.cloneDatabase(original)
  const where = (text: string) => text.replaceAll('$hlf', `organization_id = '${organizations.hlf}'`)
  await server.query(
    `set session_replication_role = 'replica'; ${statements.map(where).join(';')}; select 1`,
    [],
    copy,
  )
  const { code, result } = await verify('kari', [], copy)
  const { items, summary, chains } = result()
  expect(code).toBe(items.length > 0 ? 7 : 0)
  expect(summary.faults).toBe(items.length)
  expect(chains[0]?.faults).toBe(items.length)
  return items.map(({ fault, seq, lastSeq }) => `${fault} ${seq === lastSeq ? seq : `${seq}-${lastSeq}`}`)
}

describe('a chain that nobody touched', () => {
  it('is whole', async () => {
    const { code, stderr, result } = await verify('kari')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '12 events in 1 chain: whole and unaltered.\n' })
    expect(result()).toEqual({
      schemaVersion: 1,
      kind: 'AuditVerificationResult',
      items: [],
      summary: { organizations: 1, events: 12, faults: 0, matching: null },
      chains: [
        {
          organization: 'hlf',
          organizationId: organizations.hlf,
          events: 12,
          firstSeq: 1,
          lastSeq: 12,
          lastHash: expect.stringMatching(/^[0-9a-f]{64}$/),
          faults: 0,
          anchoredSeq: null,
          coverage: 'whole',
        },
      ],
    })
  })
})

describe('as superuser, past the triggers', () => {
  const columns: readonly [column: string, value: string][] = [
    ['at', "at + interval '1 microsecond'"],
    ['actor', "'nobody'"],
    ['actor_user_id', `'${people.nils.id}'`],
    ['actor_user_id', 'null'],
    ['action', "'session.ended'"],
    ['target_type', "'user'"],
    ['target_id', "target_id || ' '"],
    ['reason', "'another'"],
    ['reason', 'null'],
    ['reason', "''"],
    ['ticket', "'T-9'"],
    ['ticket', 'null'],
    ['request_id', 'gen_random_uuid()'],
    ['details', 'details || \'{"x": 1}\''],
    ['details', "'{}'"],
    ['prev_hash', "sha256('x')"],
    ['hash', "sha256('x')"],
  ]
  it.each(columns)('%s = %s', async (column, value) => {
    expect(
      await tampered([`update meander.audit_log set ${column} = ${value} where $hlf and seq = 5`]),
    ).toEqual(['altered 5'])
  })

  it.each<[what: string, statements: string[], found: string[]]>([
    ['delete one in the middle', ['delete from meander.audit_log where $hlf and seq = 5'], ['missing 5']],
    [
      'delete several',
      ['delete from meander.audit_log where $hlf and seq in (3, 4, 5, 9)'],
      ['missing 3-5', 'missing 9'],
    ],
    ['delete the first', ['delete from meander.audit_log where $hlf and seq = 1'], ['missing 1']],
    ['delete the tail', ['delete from meander.audit_log where $hlf and seq > 9'], ['truncated 10-12']],
    ['delete all', ['delete from meander.audit_log where $hlf'], ['truncated 1-12']],
    [
      'swap two',
      [
        'update meander.audit_log set seq = 100 where $hlf and seq = 5',
        'update meander.audit_log set seq = 5 where $hlf and seq = 9',
        'update meander.audit_log set seq = 9 where $hlf and seq = 100',
      ],
      ['outOfOrder 5', 'outOfOrder 9'],
    ],
    [
      'delete one and close the ranks',
      [
        'delete from meander.audit_log where $hlf and seq = 10',
        'update meander.audit_log set seq = 10 where $hlf and seq = 11',
        'update meander.audit_log set seq = 11 where $hlf and seq = 12',
        'update meander.audit_heads set seq = 11 where $hlf',
      ],
      ['outOfOrder 10', 'outOfOrder 11'],
    ],
    [
      'insert a duplicate',
      [
        'alter table meander.audit_log drop constraint audit_log_pkey',
        'insert into meander.audit_log select (jsonb_populate_record(a, \'{"reason": "other"}\')).* from meander.audit_log a where $hlf and seq = 7',
      ],
      ['duplicate 7'],
    ],
    [
      'insert an exact copy',
      [
        'alter table meander.audit_log drop constraint audit_log_pkey',
        'insert into meander.audit_log select * from meander.audit_log where $hlf and seq in (1, 12)',
      ],
      ['duplicate 1', 'duplicate 12'],
    ],
    [
      'a number below 1',
      [
        'alter table meander.audit_log drop constraint audit_log_seq_from_one',
        'insert into meander.audit_log select (jsonb_populate_record(a, \'{"seq": -3}\')).* from meander.audit_log a where $hlf and seq = 7',
      ],
      ['outOfOrder -3'],
    ],
    [
      'rewrite one with its hash',
      [
        "update meander.audit_log set reason = 'other', hash = meander.audit_hash(prev_hash, organization_id, seq, at, array[actor, actor_user_id::text, action, target_type, target_id, 'other', ticket, request_id::text, details::text]) where $hlf and seq = 5",
      ],
      ['altered 5'],
    ],
    [
      'rewrite the last with its hash',
      [
        "update meander.audit_log set reason = 'other', hash = meander.audit_hash(prev_hash, organization_id, seq, at, array[actor, actor_user_id::text, action, target_type, target_id, 'other', ticket, request_id::text, details::text]) where $hlf and seq = 12",
      ],
      ['altered 12'],
    ],
    ['set the head back', ['update meander.audit_heads set seq = 10 where $hlf'], ['head 11-12']],
    [
      'change the head’s hash',
      ["update meander.audit_heads set hash = sha256('x') where $hlf"],
      ['altered 12'],
    ],
    ['delete the head', ['delete from meander.audit_heads where $hlf'], ['head 12']],
    [
      'leave numbers out',
      [
        'alter table meander.audit_log disable trigger user',
        'update meander.audit_log set seq = 20, hash = meander.audit_hash(prev_hash, organization_id, 20, at, array[actor, actor_user_id::text, action, target_type, target_id, reason, ticket, request_id::text, details::text]) where $hlf and seq = 12',
        'update meander.audit_heads h set seq = 20, hash = a.hash from meander.audit_log a where h.organization_id = a.organization_id and a.seq = 20',
      ],
      ['gap 12-19'],
    ],
    [
      'several at once',
      [
        "update meander.audit_log set reason = 'other' where $hlf and seq in (2, 3)",
        'delete from meander.audit_log where $hlf and seq in (6, 12)',
      ],
      ['altered 2', 'altered 3', 'missing 6', 'truncated 12'],
    ],
    [
      'put one in long after it was written',
      [
        "update meander.audit_log set at = at - interval '1 day' where $hlf and seq = 12",
        'update meander.audit_log set hash = meander.audit_hash(prev_hash, organization_id, seq, at, array[actor, actor_user_id::text, action, target_type, target_id, reason, ticket, request_id::text, details::text]) where $hlf and seq = 12',
        'update meander.audit_heads h set hash = a.hash from meander.audit_log a where h.organization_id = a.organization_id and a.seq = h.seq',
      ],
      ['outOfOrder 12'],
    ],
    [
      'move a time to never',
      ["update meander.audit_log set at = 'infinity' where $hlf and seq = 4"],
      ['altered 4'],
    ],
  ])('%s', async (_, statements, found) => {
    expect(await tampered(statements)).toEqual(found)
  })
})

describe('a chain of several pages', () => {
  let long: string
  /** Two whole pages of 2500, and none more. */
  beforeAll(async () => {
    long = await server.cloneDatabase(database)
    await server.query(
      `select meander.append_audit_events(array(
         select row('${organizations.hlf}', 'test.kept', 'user', n::text, 'r', null, null, null)::meander.audit_event
         from generate_series(13, 5000) as n)); alter table meander.audit_log drop constraint audit_log_pkey;
       create index audit_log_order on meander.audit_log (organization_id, seq)`,
      [],
      long,
    )
  })
  const copyOf = (seqs: string) =>
    `insert into meander.audit_log select * from meander.audit_log where $hlf and seq in (${seqs})`

  it.each<[what: string, statements: string[], found: string[]]>([
    ['untouched', [], []],
    ['one on the border doubled', [copyOf('2500')], ['duplicate 2500']],
    ['one behind the border doubled', [copyOf('2501')], ['duplicate 2501']],
    [
      'one on each border thrice',
      [copyOf('2500, 5000'), copyOf('2500')],
      ['duplicate 2500', 'duplicate 2500', 'duplicate 2500', 'duplicate 5000'],
    ],
    [
      'the border deleted',
      ['delete from meander.audit_log where $hlf and seq in (2500, 2501)'],
      ['missing 2500-2501'],
    ],
    ['a page deleted', ['delete from meander.audit_log where $hlf and seq > 2500'], ['truncated 2501-5000']],
    [
      'two far from each other swapped',
      [
        'update meander.audit_log set seq = 9000 where $hlf and seq = 100',
        'update meander.audit_log set seq = 100 where $hlf and seq = 4900',
        'update meander.audit_log set seq = 4900 where $hlf and seq = 9000',
      ],
      ['altered 100', 'outOfOrder 4900'],
    ],
  ])('%s', async (_, statements, found) => {
    expect(await tampered(statements, long)).toEqual(found)
  })

  it('doubled more often than a page is long', async () => {
    const copies = `insert into meander.audit_log select a.* from meander.audit_log a, generate_series(1, 2600) where $hlf and seq = 7`
    expect(await tampered([copies], long)).toEqual(Array.from({ length: 2600 }, () => 'duplicate 7'))
  })

  it('is exported whole', async () => {
    const ran = await run(server, long, 'kari', ['audit', 'export'])
    expect(ran.stdout.trimEnd().split('\n')).toHaveLength(5001)
    const part = await run(server, long, 'kari', ['audit', 'export', '--after', '2499', '--limit', '2'])
    const [first, second] = part.stdout.split('\n').map((line) => line && JSON.parse(line))
    expect([first.seq, second.seq]).toEqual([2500, 2501])
  })
})

describe('what selects events', () => {
  const summaryOf = async (argv: string[], where = database) => {
    const { code, result } = await verify('kari', argv, where)
    return { code, ...result().summary }
  }
  it.each<[argv: string, matching: number | null]>([
    ['', null],
    ['--org hlf', null],
    ['--ticket T-1', 3],
    ['--actor kari', 10],
    ['--action operator.added', 2],
    ['--target kari', 1],
    ['--since 1h', 12],
    ['--since 1h --until 1m --actor nobody', 0],
    ['--until 1h', 0],
    ['--since 2026-01-01 --until 2999-01-01T00:00:00+02:00', 12],
  ])('%s: counts, over the whole chain', async (argv, matching) => {
    expect(await summaryOf(argv.split(' ').filter(Boolean))).toEqual({
      code: 0,
      organizations: 1,
      events: 12,
      faults: 0,
      matching,
    })
  })

  it('hides no fault', async () => {
    const copy = await server.cloneDatabase(database)
    await server.query(
      `set session_replication_role = 'replica'; update meander.audit_log set reason = 'x' where reason like '%9%'; select 1`,
      [],
      copy,
    )
    expect(await summaryOf(['--ticket', 'T-1'], copy)).toMatchObject({
      code: 7,
      events: 12,
      faults: 1,
      matching: 3,
    })
  })
})

describe('who verifies what', () => {
  it('an administrator every organization, or one', async () => {
    const all = (await verify('admin')).result()
    expect(all.chains.map(({ organization }) => organization)).toEqual(['empty', 'hlf', 'nhf', 'platform'])
    expect(all.summary).toMatchObject({ organizations: 4, faults: 0 })
    expect((await verify('admin', ['--org', 'hlf'])).result().summary).toEqual({
      organizations: 1,
      events: 12,
      faults: 0,
      matching: null,
    })
    expect((await verify('admin', ['--org', 'nowhere'])).code).toBe(3)
  })

  it('an auditor and an admin their own, and nothing of another', async () => {
    expect((await verify('ada')).result().summary.events).toBe(12)
    const [foreign, unknown] = [
      await verify('kari', ['--org', 'nhf']),
      await verify('kari', ['--org', 'nowhere']),
    ]
    expect(foreign).toMatchObject({ code: 3, stdout: '' })
    expect(foreign.stderr).toBe(unknown.stderr)
    expect((await verify('stranger')).code).toBe(4)
  })

  it('a global admin what lets in, on its record first; without a grant nothing is fine', async () => {
    const copy = await server.cloneDatabase(database)
    expect((await verify('gro', [], copy)).error()).toMatchObject({ code: 'NOT_FOUND', exitCode: 3 })
    await seedGrant(server, copy, 'gro', 'hlf')
    const { code, result } = await verify('gro', ['--reason', 'yearly check', '--ticket', 'T-1'], copy)
    expect(code).toBe(0)
    expect(result().summary).toEqual({ organizations: 1, events: 14, faults: 0, matching: 5 })
    const intents = await server.query(
      `select reason, ticket, details ->> 'function' as function from meander.audit_log
       where organization_id = $1 and seq > 12 order by seq`,
      [organizations.hlf],
      copy,
    )
    expect(intents).toEqual(
      ['list_audit_heads', 'read_audit_chain'].map((name) => ({
        reason: 'yearly check',
        ticket: 'T-1',
        function: name,
      })),
    )
  })
})
