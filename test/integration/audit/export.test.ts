import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { organizations, peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
let database: string

const reasons = [
  "på sak 🚆 “\\'",
  '=HYPERLINK("http://x")',
  '@sum(a)',
  ' -1+1\u00ad',
  'אבד\u202egnihtyreve',
  'a\u2028b\u200bc',
  '"quoted", and more',
  "'=1",
  '\\u{202e}',
  'på § 5 «Bjørn»',
]

/** Twelve events of hlf, among them two that registered kari and ada. */
beforeAll(async () => {
  database = await peopledDatabase(server)
  for (const [n, reason] of reasons.entries()) {
    const argv = ['sessions', 'revoke', randomUUID(), '--reason', reason, '--yes', '--ticket', `T-${n % 3}`]
    expect((await run(server, database, 'kari', argv)).code).toBe(3)
  }
})

interface Event {
  readonly organization: string
  readonly seq: number
  readonly reason: string | null
  readonly organizationId: string
}
interface Proof {
  readonly kind: string
  readonly filter: object
  readonly events: number
  readonly organizations: { organization: string; events: number; firstSeq: number; lastSeq: number }[]
}

const exported = async (login: string, argv: readonly string[] = [], where = database) => {
  const ran = await run(server, where, login, ['audit', 'export', ...argv])
  const lines = ran.stdout.split('\n').filter(Boolean)
  return {
    ...ran,
    events: () => lines.slice(0, -1).map((line) => JSON.parse(line) as Event),
    proof: () => JSON.parse(lines.at(-1) ?? '') as Proof,
  }
}
const seqs = async (...argv: string[]) => {
  const { code, events } = await exported('kari', argv)
  expect(code).toBe(0)
  return events().map(({ seq }) => seq)
}

describe('what is exported', () => {
  it('is what the list shows, oldest first, and the id that the hash covers', async () => {
    const { code, stderr, events, proof } = await exported('kari')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '12 events exported.\n' })
    const listed = await run(server, database, 'kari', ['audit', 'list', '-o', 'ndjson'])
    const items = listed.stdout
      .trimEnd()
      .split('\n')
      .reverse()
      .map((line) => JSON.parse(line) as object)
    expect(events()).toEqual(items.map((item) => ({ ...item, organizationId: organizations.hlf })))
    expect(
      events()
        .slice(2)
        .map(({ reason }) => reason),
    ).toEqual(reasons)
    expect(proof()).toMatchObject({
      schemaVersion: 1,
      kind: 'AuditProof',
      exportedAt: expect.stringMatching(/Z$/),
      filter: {},
      after: null,
      events: 12,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      organizations: [
        {
          organization: 'hlf',
          organizationId: organizations.hlf,
          events: 12,
          firstSeq: 1,
          lastSeq: 12,
          head: { seq: 12, hash: (items.at(-1) as { hash?: string }).hash },
        },
      ],
    })
  })

  it('has nothing in it that a terminal or a spreadsheet obeys', async () => {
    for (const format of ['ndjson', 'json', 'csv']) {
      const { code, stdout } = await exported('kari', ['-o', format])
      expect(code).toBe(0)
      expect(stdout, format).not.toMatch(/[\u202e\u2028\u200b]/)
      if (format === 'csv') expect(stdout).not.toMatch(/(^|,)"?[=@]/m)
    }
  })

  it('-o json is the list with its proof', async () => {
    const { stdout } = await exported('kari', ['-o', 'json'])
    const list = JSON.parse(stdout) as { items: Event[]; proof: Proof }
    expect(Object.keys(list)).toEqual(['schemaVersion', 'kind', 'items', 'nextCursor', 'proof'])
    expect(list).toMatchObject({ schemaVersion: 1, kind: 'AuditEventList', nextCursor: null })
    expect(list.items).toEqual((await exported('kari')).events())
    expect(list.proof.events).toBe(12)
    const none = await exported('kari', ['-o', 'json', '--actor', 'nobody'])
    expect(JSON.parse(none.stdout)).toMatchObject({ items: [], proof: { events: 0 } })
  })

  it.each<[argv: string, found: number[]]>([
    ['--after 10', [11, 12]],
    ['--after 12', []],
    ['--after 3 --limit 2', [4, 5]],
    ['--limit 3', [1, 2, 3]],
    ['--ticket T-1', [4, 7, 10]],
    ['--ticket T-1 --after 4', [7, 10]],
    ['--actor postgres', [1, 2]],
    ['--action operator.added', [1, 2]],
    ['--target kari', [1]],
    ['--since 1h', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    ['--until 1h', []],
    ['--org hlf --until 2999-01-01 --limit 1', [1]],
  ])('%s', async (argv, found) => {
    expect(await seqs(...argv.split(' '))).toEqual(found)
  })

  it('goes on where another ended: together they are the whole', async () => {
    const parts = []
    for (let after = 0; after < 12; after += 5) {
      parts.push(...(await seqs(...(after > 0 ? ['--after', `${after}`] : []), '--limit', '5')))
    }
    expect(parts).toEqual(Array.from({ length: 12 }, (_, n) => n + 1))
  })
})

describe('who exports what', () => {
  it('an administrator every organization, or one', async () => {
    const { events, proof } = await exported('admin')
    expect([...new Set(events().map(({ organization }) => organization))]).toEqual([
      'empty',
      'hlf',
      'nhf',
      'platform',
    ])
    expect(proof().organizations.map(({ organization }) => organization)).toEqual([
      'empty',
      'hlf',
      'nhf',
      'platform',
    ])
    expect(
      (await exported('admin', ['--org', 'nhf'])).events().map(({ organization }) => organization),
    ).toEqual(['nhf'])
    expect((await exported('admin', ['--after', '1'])).code).toBe(2)
    expect((await exported('admin', ['--after', '1', '--org', 'nhf'])).proof().events).toBe(0)
  })

  it('each other login its own', async () => {
    expect((await exported('ada')).proof().events).toBe(12)
    const [foreign, unknown] = [
      await exported('kari', ['--org', 'nhf']),
      await exported('kari', ['--org', 'nowhere']),
    ]
    expect(foreign).toMatchObject({
      code: 3,
      stdout: '',
      stderr:
        'meanderctl: no such organization within your reach\nSee what is within your reach: meanderctl whoami\n',
    })
    expect(foreign.stderr).toBe(unknown.stderr)
    expect((await exported('stranger')).code).toBe(4)
    expect((await exported('gro')).code).toBe(3)
  })

  it('a global admin what lets in, on its record first', async () => {
    const copy = await server.cloneDatabase(database)
    await seedGrant(server, copy, 'gro', 'hlf')
    const { code, events } = await exported('gro', ['--ticket', 'T-2'], copy)
    expect(code).toBe(0)
    expect(events().map(({ seq }) => seq)).toEqual([5, 8, 11, 13, 14])
    const [last] = await server.query<{ ticket: string; details: object }>(
      'select ticket, details from meander.audit_log where organization_id = $1 order by seq desc limit 1',
      [organizations.hlf],
      copy,
    )
    expect(last).toEqual({
      ticket: 'T-2',
      details: {
        function: 'read_audit_chain',
        arguments: { organization: organizations.hlf, ticket: 'T-2' },
      },
    })
  })
})

it.each(['-o table', '-o wide', '-o id', '--columns seq', '--after 0', '--limit x', '--since yesterday'])(
  '%s is 2',
  async (argv) => {
    const { code, stdout } = await exported('kari', argv.split(' '))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  },
)

it('a form for lists that a profile sets is none of an export', async () => {
  const argv = ['audit', 'export', '--limit', '1']
  const { stdout } = await run(server, database, 'kari', argv, { env: { MEANDERCTL_OUTPUT: 'wide' } })
  expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({ seq: 1 })
})
