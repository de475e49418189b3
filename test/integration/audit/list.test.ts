import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { organizations, people, peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string
let s: NamedSessions<'one' | 'two' | 'nils'>
const requestId = randomUUID()

interface Event {
  readonly organization: string
  readonly seq: number
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly targetId: string
}

const as = (login: string, argv: readonly string[], options?: RunOptions) =>
  run(server, database, login, ['audit', 'list', ...argv], options)
const list = async (login: string, ...argv: string[]) => {
  const ran = await as(login, [...argv, '-o', 'json'])
  expect(ran.code).toBe(0)
  return ran.json<{ schemaVersion: number; kind: string; items: Event[]; nextCursor: string | null }>()
}
/** `organization/seq`, as -o id names an event. */
const ids = async (login: string, ...argv: string[]) => {
  const { code, stdout } = await as(login, [...argv, '-o', 'id'])
  expect(code).toBe(0)
  return stdout.split('\n').filter(Boolean)
}

beforeAll(async () => {
  database = await peopledDatabase(server)
  s = await seedNamed(server, database, {
    one: { person: 'mari' },
    two: { person: 'ola' },
    nils: { person: 'nils' },
  })
  for (const [login, ...argv] of [
    ['kari', s.id.one, '--ticket', 'HLF-1', '--request-id', requestId],
    ['kari', s.id.two],
    ['ada', s.id.two],
    ['nils', s.id.nils, '--ticket', 'HLF-1'],
  ]) {
    await run(
      server,
      database,
      login ?? '',
      ['sessions', 'revoke', ...argv, '--reason', `by ${login}`, '--yes'],
      { redis },
    )
  }
})

/** hlf's record: 1 and 2 registered kari and ada, 3 and 4 are kari's, 5 is what ada was refused. */
describe('selectors', () => {
  it.each<[argv: string, seqs: number[]]>([
    ['', [5, 4, 3, 2, 1]],
    ['--org hlf', [5, 4, 3, 2, 1]],
    [`--org ${organizations.hlf}`, [5, 4, 3, 2, 1]],
    ['--actor kari', [4, 3]],
    ['--actor KARI', []],
    ['--actor kar', []],
    ['--actor %', []],
    ['--action session.revoked', [4, 3]],
    ['--action session.revoke_refused', [5]],
    ['--action session', []],
    ['--ticket HLF-1', [3]],
    ['--ticket hlf-1', []],
    ['--actor kari --ticket HLF-1 --action session.revoked', [3]],
    ['--actor ada --ticket HLF-1', []],
    ['--since 1h', [5, 4, 3, 2, 1]],
    ['--until 1h', []],
    ['--since 2999-01-01', []],
    ['--until 2999-01-01', [5, 4, 3, 2, 1]],
    ['--since 1h --until 2999-01-01 --action session.revoked', [4, 3]],
  ])('%s', async (argv, seqs) => {
    expect(await ids('kari', ...argv.split(' ').filter(Boolean))).toEqual(seqs.map((seq) => `hlf/${seq}`))
  })

  it('--target names the thing that was acted on', async () => {
    expect(await ids('kari', '--target', s.id.two)).toEqual(['hlf/5', 'hlf/4'])
    expect(await ids('kari', '--target', 'ada')).toEqual(['hlf/2'])
    expect(await ids('kari', '--target', s.id.nils)).toEqual([])
  })

  it('--since is from that moment on, --until before it', async () => {
    const { items } = await list('kari')
    const at = items.find(({ seq }) => seq === 4)?.at ?? ''
    expect(await ids('kari', '--since', at)).toEqual(['hlf/5', 'hlf/4'])
    expect(await ids('kari', '--until', at)).toEqual(['hlf/3', 'hlf/2', 'hlf/1'])
  })

  it.each(['--since yesterday', '--until 2026-02-30', '--since', '--actor', '--colour red'])(
    '%s is 2',
    async (argv) => {
      expect((await as('kari', argv.split(' '))).code).toBe(2)
    },
  )
})

describe('who reads what', () => {
  it('an auditor what the organization’s admin reads', async () => {
    expect(await ids('ada')).toEqual(await ids('kari'))
  })

  it('each organization its own', async () => {
    expect((await list('nils')).items.map(({ organization }) => organization)).toEqual(['nhf', 'nhf'])
    expect((await list('eva')).items.map(({ action }) => action)).toEqual(['operator.added'])
  })

  it('an administrator all of them, or one', async () => {
    const all = await list('admin')
    expect(new Set(all.items.map(({ organization }) => organization))).toEqual(
      new Set(['hlf', 'nhf', 'empty', 'platform']),
    )
    expect(await ids('admin', '--org', 'nhf')).toEqual(['nhf/2', 'nhf/1'])
    expect(await ids('admin', '--ticket', 'HLF-1')).toEqual(['nhf/2', 'hlf/3'])
  })

  it('a global admin without a grant nothing, and a stranger not at all', async () => {
    expect(await list('gro')).toMatchObject({ items: [], nextCursor: null })
    expect((await as('stranger', [])).code).toBe(4)
  })

  it('unknown and foreign organizations are 3 and look the same', async () => {
    const [foreign, unknown] = [await as('kari', ['--org', 'nhf']), await as('kari', ['--org', 'nowhere'])]
    expect(foreign).toMatchObject({
      code: 3,
      stdout: '',
      stderr:
        'meanderctl: no such organization within your reach\nSee what is within your reach: meanderctl whoami\n',
    })
    expect(foreign).toMatchObject({ code: unknown.code, stdout: unknown.stdout, stderr: unknown.stderr })
    expect((await as('admin', ['--org', 'nowhere'])).code).toBe(3)
  })
})

describe('pages', () => {
  it.each([1, 2, 7])('by %i over all organizations: none lost, none doubled', async (size) => {
    const all = await ids('admin')
    const found: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page = await list('admin', '--limit', `${size}`, ...(cursor ? ['--cursor', cursor] : []))
      found.push(...page.items.map(({ organization, seq }) => `${organization}/${seq}`))
      cursor = page.nextCursor
    }
    expect(found).toEqual(all)
    expect(all.length).toBeGreaterThan(8)
  })

  it('events of the very same moment, in one organization and in several', async () => {
    const own = await peopledDatabase(server)
    const ran = await server.query<{ one: number }>(
      `set session_replication_role = 'replica';
       update meander.audit_log set at = '2026-01-01T00:00:00.000001Z'; select count(*)::int as one from meander.audit_log`,
      [],
      own,
    )
    expect(ran).toBeDefined()
    const here = (...argv: string[]) => run(server, own, 'admin', ['audit', 'list', ...argv])
    const all = (await here('-o', 'id')).stdout.trim().split('\n')
    const found: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const ran = await here('--limit', '1', '-o', 'json', ...(cursor ? ['--cursor', cursor] : []))
      const page = ran.json<{ items: Event[]; nextCursor: string | null }>()
      found.push(...page.items.map(({ organization, seq }) => `${organization}/${seq}`))
      cursor = page.nextCursor
    }
    expect(found).toEqual(all)
    expect(new Set(found).size).toBe(7)
  })

  it('a cut list says so', async () => {
    const { stdout, stderr } = await as('kari', ['--limit', '2'])
    expect(stdout.trimEnd().split('\n')).toHaveLength(3)
    expect(stderr).toMatch(
      /^2 shown, there are more: --all shows everything, --cursor \S+ the next ones\.\n$/,
    )
    expect((await as('kari', ['--cursor', 'nonsense'])).code).toBe(2)
    expect((await as('kari', ['--all', '--limit', '2'])).code).toBe(2)
  })
})

describe('output', () => {
  const fields = [
    ...['organization', 'seq', 'at', 'actor', 'actorUserId', 'action', 'targetType', 'targetId', 'reason'],
    ...['ticket', 'requestId', 'details', 'prevHash', 'hash'],
  ]

  it('-o json has the contract’s fields in its order', async () => {
    const { kind, schemaVersion, items } = await list('kari', '--ticket', 'HLF-1')
    expect({ kind, schemaVersion }).toEqual({ kind: 'AuditEventList', schemaVersion: 1 })
    expect(Object.keys(items[0] ?? {})).toEqual(fields)
    expect(items).toEqual([
      {
        organization: 'hlf',
        seq: 3,
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
        actor: 'kari',
        actorUserId: people.kari.id,
        action: 'session.revoked',
        targetType: 'session',
        targetId: s.id.one,
        reason: 'by kari',
        ticket: 'HLF-1',
        requestId,
        details: {
          userId: people.mari.id,
          supportAccessGrantId: null,
          priorState: 'active',
          refreshTokensRevoked: 1,
          accessTokensBlocked: 1,
        },
        prevHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ])
  })

  it('each hash is the next one’s previous', async () => {
    const items = (await list('kari')).items as unknown as { hash: string; prevHash: string }[]
    expect(items.slice(0, -1).map(({ prevHash }) => prevHash)).toEqual(items.slice(1).map(({ hash }) => hash))
    expect(items.at(-1)?.prevHash).toBe('0'.repeat(64))
  })

  it('-o csv, ndjson, id and table', async () => {
    const { stdout: csv } = await as('kari', ['-o', 'csv'])
    expect(csv.split('\n')[0]).toBe(fields.join(','))
    expect(csv.trimEnd().split('\n')).toHaveLength(6)
    const { stdout: ndjson } = await as('kari', ['-o', 'ndjson', '--limit', '1'])
    expect(Object.keys(JSON.parse(ndjson))).toEqual(fields)
    const { stdout: table } = await as('kari', ['--limit', '1'])
    expect(table.split('\n')[0]).toMatch(/^SEQ +WHEN +ACTOR +ACTION +TARGET +REASON$/)
    expect(table).toContain(`session ${s.id.two}`)
  })

  it('an empty list is done', async () => {
    expect(await as('kari', ['--actor', 'nobody'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'No event matches.\n',
    })
    expect(await list('kari', '--actor', 'nobody')).toEqual({
      schemaVersion: 1,
      kind: 'AuditEventList',
      items: [],
      nextCursor: null,
    })
  })
})
