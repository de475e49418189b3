import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins } from '../../support/as-login.ts'
import { people, peopledDatabase, type SessionSeed, seedGrant, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
let database: string

interface List {
  readonly schemaVersion: number
  readonly kind: string
  readonly items: readonly Record<string, unknown>[]
  readonly nextCursor: string | null
}

const as = (login: string, argv: readonly string[], options?: RunOptions) =>
  run(server, database, login, ['sessions', 'list', ...argv], options)
const list = async (login: string, ...argv: string[]) => {
  const ran = await as(login, [...argv, '-o', 'json'])
  expect(ran).toMatchObject({ code: 0 })
  return ran.json<List>()
}
const ids = async (login: string, ...argv: string[]) =>
  (await as(login, [...argv, '-o', 'id'])).stdout.split('\n').filter(Boolean)

/** Every page from the first on, of this size. */
const pages = async (login: string, size: number, ...argv: string[]): Promise<string[][]> => {
  const found: string[][] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await list(login, ...argv, '--limit', `${size}`, ...(cursor ? ['--cursor', cursor] : []))
    found.push(page.items.map(({ id }) => String(id)))
    cursor = page.nextCursor
  }
  return found
}

/** Many at the very same microsecond, and neighbours that differ by one. */
const crowd = (person: SessionSeed['person'], more: Partial<SessionSeed> = {}): SessionSeed[] => [
  ...Array.from({ length: 9 }, () => ({ person, activeAgo: '10 minutes', createdAgo: '2 hours', ...more })),
  ...[1, 2, 3, 999, 1000, 1001].map((micros) => ({
    person,
    activeAgo: `10 minutes ${micros} microseconds`,
    createdAgo: `2 hours -${micros} microseconds`,
    ...more,
  })),
]

afterAll(closeLogins)
beforeAll(async () => {
  database = await peopledDatabase(server)
  await seedGrant(server, database, 'gro', 'hlf')
  await seedGrant(server, database, 'gro', 'nhf')
  await seedSessions(server, database, [
    ...crowd('mari'),
    ...crowd('ola', { expiresIn: '-1 day' }),
    ...crowd('per'),
  ])
})

describe('keyset paging', () => {
  it.each([
    ['kari', 1, []],
    ['kari', 2, []],
    ['kari', 7, []],
    ['kari', 7, ['--sort', 'created']],
    ['kari', 2, ['--sort', 'created', '--state', 'any', '--kind', 'mobile']],
    ['kari', 7, ['--state', 'expired', '--sort', 'last-activity']],
    ['gro', 7, []],
    ['gro', 2, ['--sort', 'created', '--state', 'any']],
  ] as const)('%s by %i, %j: none lost, none doubled, in order', async (login, size, argv) => {
    const all = await ids(login, ...argv)
    const found = await pages(login, size, ...argv)
    expect(found.flat()).toEqual(all)
    expect(new Set(all).size).toBe(all.length)
    expect(all.length).toBeGreaterThanOrEqual(15)
    expect(found.every((page, at) => page.length === size || at === found.length - 1)).toBe(true)
    expect(found.at(-1)).not.toEqual([])
  })

  it.each([
    ['last-activity', 'lastActivityAt'],
    ['created', 'createdAt'],
  ])('--sort %s is newest first, equals by id', async (sort, field) => {
    const { items } = await list('kari', '--state', 'any', '--sort', sort, '--all')
    const order = items.map((item) => [String(item[field]), String(item.id)] as const)
    expect(order).toHaveLength(30)
    expect(order).toEqual([...order].sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? 1 : -1)))
  })

  it('goes on where it was when the last row of the page has ended meanwhile', async () => {
    const all = await ids('nils')
    const first = await list('nils', '--limit', '4')
    const last = String(first.items.at(-1)?.id)
    const revoked = await run(
      server,
      database,
      'nils',
      ['sessions', 'revoke', last, '--reason', 'test', '--yes'],
      { redis: inject('redis').url },
    )
    expect(revoked.code).toBe(0)
    expect(await ids('nils', '--cursor', String(first.nextCursor))).toEqual(all.slice(4))
  })

  it('has no cursor when exactly the last rows were shown', async () => {
    const { length } = await ids('kari')
    expect((await list('kari', '--limit', `${length}`)).nextCursor).toBeNull()
    expect((await list('kari', '--limit', `${length - 1}`)).nextCursor).not.toBeNull()
  })

  it('refuses a cursor of another order, or of nothing', async () => {
    const { nextCursor } = await list('kari', '--limit', '2')
    for (const cursor of [
      `${nextCursor}`,
      'nonsense',
      Buffer.from('["created","x","y"]').toString('base64url'),
    ]) {
      const { code, stdout, stderr } = await as('kari', ['--sort', 'created', '--cursor', cursor])
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toBe(
        'meanderctl: The cursor is not one of this listing.\nUse the nextCursor of the page before, with the same --sort.\n',
      )
    }
  })
})

describe('how much is shown', () => {
  beforeAll(async () => {
    await seedSessions(
      server,
      database,
      Array.from({ length: 53 }, () => ({ person: 'eva', organization: 'empty' }) as const),
    )
  })

  it.each(['json', 'table', 'wide'])(
    '-o %s: 50, and says that it was cut and how to go on',
    async (format) => {
      const { code, stdout, stderr } = await as('eva', ['-o', format])
      const shown =
        format === 'json' ? JSON.parse(stdout).items.length : stdout.trimEnd().split('\n').length - 1
      expect({ code, shown }).toEqual({ code: 0, shown: 50 })
      const [, cursor] =
        /^50 shown, there are more: --all shows everything, --cursor (\S+) the next ones\.\n$/.exec(stderr) ??
        []
      expect(await ids('eva', '--cursor', cursor ?? '')).toHaveLength(3)
      if (format === 'json') expect(JSON.parse(stdout).nextCursor).toBe(cursor)
    },
  )

  it.each(['id', 'ndjson', 'csv'])('-o %s: everything, unless --limit says less', async (format) => {
    const header = format === 'csv' ? 1 : 0
    const whole = await as('eva', ['-o', format])
    expect(whole).toMatchObject({ code: 0, stderr: '' })
    expect(whole.stdout.trimEnd().split('\n')).toHaveLength(53 + header)
    const cut = await as('eva', ['-o', format, '--limit', '7'])
    expect(cut.stdout.trimEnd().split('\n')).toHaveLength(7 + header)
    expect(cut.stderr).toMatch(/^7 shown, there are more: /)
  })

  it('--all shows everything in every form', async () => {
    expect((await list('eva', '--all')).items).toHaveLength(53)
    const { stdout, stderr } = await as('eva', ['--all'])
    expect(stdout.trimEnd().split('\n')).toHaveLength(54)
    expect(stderr).toBe('')
  })

  it('--all and --limit contradict each other', async () => {
    expect(await as('eva', ['--all', '--limit', '3'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'meanderctl: --all and --limit contradict each other.\nGive one of them.\n',
    })
  })
})

describe('output', () => {
  const fields = [
    ...['id', 'userId', 'userEmail', 'userName', 'organizationId', 'organization', 'kind', 'deviceType'],
    ...['deviceName', 'userAgent', 'ip', 'createdAt', 'lastActivityAt', 'expiresAt', 'effectiveExpiresAt'],
    ...['state', 'supportAccessGrantId', 'revokedAt', 'revokedBy', 'revokeReason'],
  ]
  const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/

  it('-o json has the contract’s fields in its order; absent is null', async () => {
    const { schemaVersion, kind, items, ...rest } = await list('kari', '--limit', '1')
    expect({ schemaVersion, kind, rest: Object.keys(rest) }).toEqual({
      schemaVersion: 1,
      kind: 'SessionList',
      rest: ['nextCursor'],
    })
    expect(Object.keys(items[0] ?? {})).toEqual(fields)
    expect(items[0]).toMatchObject({
      userEmail: 'mari@hlf.example',
      userName: 'Mari',
      organization: 'hlf',
      kind: 'mobile',
      state: 'active',
      supportAccessGrantId: null,
      revokedAt: null,
      revokedBy: null,
      revokeReason: null,
      createdAt: expect.stringMatching(moment),
      lastActivityAt: expect.stringMatching(moment),
    })
  })

  it('-o ndjson is the bare items, one a line', async () => {
    const { items } = await list('kari', '--limit', '3')
    const { stdout } = await as('kari', ['--limit', '3', '-o', 'ndjson'])
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(items)
    expect(Object.keys(JSON.parse(stdout.split('\n')[0] ?? ''))).toEqual(fields)
  })

  it('-o csv has every field in the same order', async () => {
    const { stdout } = await as('kari', ['--limit', '2', '-o', 'csv'])
    const [header, line, ...rest] = stdout.trimEnd().split('\n')
    expect(header).toBe(fields.join(','))
    expect(line?.split(',')).toHaveLength(fields.length)
    expect(rest).toHaveLength(1)
  })

  it('--columns chooses for csv and table, and is refused where fields are never dropped', async () => {
    const { stdout } = await as('kari', ['--limit', '1', '-o', 'csv', '--columns', 'userEmail,state'])
    expect(stdout).toBe('userEmail,state\nmari@hlf.example,active\n')
    expect((await as('kari', ['-o', 'json', '--columns', 'id'])).code).toBe(2)
    expect((await as('kari', ['--columns', 'passwords'])).code).toBe(2)
  })

  it('in a pipe: no colour, moments in RFC 3339; MEANDERCTL_OUTPUT counts, and the flag before it', async () => {
    const { stdout } = await as('kari', ['--limit', '1'], { env: { NO_COLOR: undefined } })
    expect(stdout).not.toContain('\u001b')
    expect(stdout).toMatch(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/)
    const env = { MEANDERCTL_OUTPUT: 'id' }
    expect((await as('kari', ['--limit', '1'], { env })).stdout).toMatch(/^[0-9a-f-]{36}\n$/)
    expect((await as('kari', ['--limit', '1', '-o', 'json'], { env })).json<List>().kind).toBe('SessionList')
  })

  it('at a terminal: relative times', async () => {
    const { stdout } = await as('kari', ['--limit', '1'], { terminal: [] })
    expect(stdout).toContain('10 min ago')
    expect(stdout).not.toMatch(/\d{4}-\d\d-\d\dT/)
  })

  it('an empty list is done, in every form', async () => {
    const none = ['--user', 'kari@hlf.example']
    const note = 'No session matches.\n'
    expect(await list('kari', ...none)).toEqual({
      schemaVersion: 1,
      kind: 'SessionList',
      items: [],
      nextCursor: null,
    })
    for (const [format, stdout, stderr] of [
      ['table', '', note],
      ['wide', '', note],
      ['id', '', ''],
      ['ndjson', '', ''],
      ['csv', `${fields.join(',')}\n`, ''],
    ] as const) {
      expect(await as('kari', [...none, '-o', format])).toMatchObject({ code: 0, stdout, stderr })
    }
    expect((await as('kari', [...none, '--quiet'])).stderr).toBe('')
  })

  it('text from outside moves no cursor and starts no formula', async () => {
    const agent = '=HYPERLINK("x")\u001b]0;owned\u0007\u202Egnp.exe'
    await seedSessions(server, database, [{ person: 'liv', userAgent: agent }])
    for (const format of ['table', 'wide', 'json', 'ndjson', 'csv']) {
      const { stdout } = await as('kari', ['--user', 'liv@hlf.example', '-o', format])
      for (const control of ['\u001b', '\u0007', '\u202e']) expect(stdout).not.toContain(control)
      if (format === 'csv') expect(stdout).not.toMatch(/(^|,)"?=/m)
      if (format === 'json') expect(JSON.parse(stdout).items[0].userAgent).toBe(agent)
    }
  })
})

describe('many organizations', () => {
  let many: string

  beforeAll(async () => {
    many = await peopledDatabase(server)
    await server.query(
      `with made as (
         insert into meander.organizations (slug, name) select 'org-' || n, 'Org ' || n from generate_series(1, 12) n
         returning id, slug
       ),
       granted as (
         insert into meander.support_access_grants (organization_id, grantee_user_id, granted_by, reason, expires_at)
         select id, $1, 'kari', 'support case', clock_timestamp() + interval '1 hour' from made
       ),
       people as (
         insert into meander.users (organization_id, email, display_name, role)
         select id, 'one@' || slug || '.example', 'One', 'member' from made returning id, organization_id
       )
       -- One has nearly all, some have a few, and the last has none; many at the same moment.
       insert into meander.sessions (user_id, organization_id, kind, created_at, last_activity_at, expires_at)
       select p.id, p.organization_id, 'mobile', now() - interval '3 days',
         date_trunc('minute', now() - interval '1 second' * ((n * n * 37) % 7000)), now() + interval '30 days'
       from people p join made on made.id = p.organization_id
       cross join generate_series(1, case made.slug when 'org-1' then 150 when 'org-12' then 0 else 9 end) n`,
      [people.gro.id],
      many,
    )
  })

  it.each([4, 20, 100, 1000])(
    'a page of %i is merged of the newest of each, and the next begins behind it',
    async (size) => {
      const expected = await server.query<{ id: string }>(
        'select id from meander.sessions order by last_activity_at desc, id',
        [],
        many,
      )
      const gro = await asLogin(server, many, 'gro')
      await gro.rows("select meander.record_intent(null, 'list_sessions', '{}', 'test', null)")
      const found: string[] = []
      for (let after: { at: string; id: string } | undefined; ; ) {
        const page = await gro.rows<{ id: string; at: string }>(
          `select id, (extract(epoch from last_activity_at) * 1000000)::bigint::text as at
           from meander.list_sessions('{}', 'last-activity', $1, $2, $3)`,
          [after?.at ?? null, after?.id ?? null, size],
        )
        found.push(...page.map(({ id }) => id))
        after = page.at(-1)
        if (page.length < size) break
      }
      expect(expected).toHaveLength(150 + 10 * 9)
      expect(found).toEqual(expected.map(({ id }) => id))
    },
  )
})

describe('ndjson, which is made of the bytes that came', () => {
  const texts = [
    '',
    'NULL',
    '\\N',
    'a\tb\\tc',
    'line\nline\r\n\\.\u000b\f\b',
    '"quoted" \\"twice\\\\"',
    '::error file=x::1',
    '##[group]x # y',
    'x;=1+1; iOS 19; @a;',
    'ø § « \u00ad\u0085 ß Ś ə',
    'עברית 日本 👩‍👩‍👧 e\u0301',
    '\u202egnp.exe\u2066 \u200b',
    '2026-01-31 12:00:00+00',
    'x'.repeat(200_000),
  ]
  let odd: string

  beforeAll(async () => {
    odd = await peopledDatabase(server)
    await seedSessions(server, odd, [
      ...texts.map((text) => ({ person: 'mari' as const, userAgent: text, deviceName: text })),
      { person: 'mari', userAgent: null, deviceName: null, deviceType: null, ip: null },
      { person: 'mari', ip: '2001:db8::1', activeAgo: '1 second', createdAgo: '200 years' },
    ])
    await server.query(
      "update meander.sessions set last_activity_at = '2026-01-31 12:00:00+00' where ip is null",
      [],
      odd,
    )
  })

  it('says of every session exactly what json says', async () => {
    const argv = ['sessions', 'list', '--state', 'any']
    const [lines, document] = [
      await run(server, odd, 'kari', [...argv, '-o', 'ndjson']),
      await run(server, odd, 'kari', [...argv, '--all', '-o', 'json']),
    ]
    const { items } = document.json<List>()
    expect(items).toHaveLength(texts.length + 2)
    expect(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(items)
    // Escapes and all: the same text in the same form.
    for (const line of lines.stdout.trimEnd().split('\n')) expect(document.stdout).toContain(line)
    expect(items.map(({ userAgent }) => userAgent)).toEqual(expect.arrayContaining([...texts, null]))
  })
})
