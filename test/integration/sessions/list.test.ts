import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins } from '../../support/as-login.ts'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { organizations, people, peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
let database: string
let grant: string
let foreignGrant: string
let s: NamedSessions<string>

const as = (login: string, argv: readonly string[], options?: RunOptions) =>
  run(server, database, login, ['sessions', 'list', ...argv], options)

/** The sessions that these selectors name, in the order of the list. */
const listed = async (login: string, ...argv: string[]): Promise<string[]> => {
  const { code, stdout, stderr } = await as(login, [...argv, '-o', 'id'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return s.names(stdout)
}

beforeAll(async () => {
  database = await peopledDatabase(server)
  grant = await seedGrant(server, database, 'gro', 'hlf')
  foreignGrant = await seedGrant(server, database, 'siv', 'nhf')
  await server.query(
    `insert into meander.users (organization_id, email, display_name, role) values
       ('${organizations.hlf}', 'admin@hlf.example', 'Admin', 'member'),
       ('${organizations.hlf}', 'both@example.org', 'Both', 'member'),
       ('${organizations.nhf}', 'both@example.org', 'Both', 'member')`,
    [],
    database,
  )
  s = await seedNamed(server, database, {
    // By time and state.
    phone: { person: 'mari', createdAgo: '3 hours', activeAgo: '1 minute' },
    portal: { person: 'mari', kind: 'portal', createdAgo: '40 days', activeAgo: '30 minutes' },
    idle: { person: 'mari', createdAgo: '2 days', activeAgo: '10 hours' },
    expired: { person: 'mari', createdAgo: '20 days', activeAgo: '3 days', expiresIn: '-1 day' },
    revoked: { person: 'mari', createdAgo: '5 hours', activeAgo: '4 hours' },
    // By address.
    first: { person: 'liv', ip: '198.51.100.0', activeAgo: '1 minute' },
    middle: { person: 'liv', ip: '198.51.100.7', activeAgo: '2 minutes' },
    last: { person: 'liv', ip: '198.51.100.255', activeAgo: '3 minutes' },
    after: { person: 'liv', ip: '198.51.101.0', activeAgo: '4 minutes' },
    before: { person: 'liv', ip: '198.51.99.255', activeAgo: '5 minutes' },
    six: { person: 'liv', ip: '2001:db8::1', activeAgo: '6 minutes' },
    sixLast: { person: 'liv', ip: '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', activeAgo: '7 minutes' },
    sixAfter: { person: 'liv', ip: '2001:db9::', activeAgo: '8 minutes' },
    nowhere: { person: 'liv', ip: null, activeAgo: '9 minutes' },
    // By text.
    ipad: {
      person: 'ola',
      deviceType: 'tablet',
      deviceName: 'ADMİN’s iPad 100%',
      userAgent: 'Meander/4.1 (iPad; iPadOS 18)',
      activeAgo: '1 minute',
    },
    pixel: {
      person: 'ola',
      deviceType: 'Android_phone',
      deviceName: 'Pixel 8',
      userAgent: 'Mozilla/5.0 (Linux; Android 16) 50%_off',
      activeAgo: '2 minutes',
    },
    bare: { person: 'ola', deviceType: null, deviceName: null, userAgent: null, activeAgo: '3 minutes' },
    // Of others, and of other organizations.
    kari: { person: 'kari', kind: 'portal', activeAgo: '12 hours' },
    ada: { person: 'ada', activeAgo: '13 hours' },
    support: { person: 'gro', organization: 'hlf', kind: 'portal', grant, activeAgo: '14 hours' },
    office: { person: 'gro', kind: 'portal', activeAgo: '15 hours' },
    nils: { person: 'nils' },
    per: { person: 'per', ip: '198.51.100.7', deviceName: 'Pixel 8' },
    foreignSupport: { person: 'siv', organization: 'nhf', grant: foreignGrant },
  })
  const { code } = await run(
    server,
    database,
    'kari',
    ['sessions', 'revoke', s.id.revoked ?? '', '--reason', 'lost', '--yes'],
    { redis: inject('redis').url },
  )
  expect(code).toBe(0)
})

afterAll(() => closeLogins())

describe('who sees what', () => {
  const hlf = [
    ...['ada', 'after', 'bare', 'before', 'first', 'idle', 'ipad', 'kari', 'last', 'middle', 'nowhere'],
    ...['phone', 'pixel', 'portal', 'six', 'sixAfter', 'sixLast', 'support'],
  ]

  it.each(['kari', 'ada'])(
    '%s sees the active sessions of the own organization, all and only',
    async (login) => {
      expect((await listed(login)).sort()).toEqual(hlf)
    },
  )

  it('nils sees his, and whom his organization let in', async () => {
    expect((await listed('nils')).sort()).toEqual(['foreignSupport', 'nils', 'per'])
  })

  it('a global admin sees the organizations with a live grant, and of the platform nothing', async () => {
    expect((await listed('gro')).sort()).toEqual(hlf)
    expect((await listed('siv')).sort()).toEqual(['foreignSupport', 'nils', 'per'])
  })

  it('an administrator who is no operator sees no session', async () => {
    expect(await as('admin', [])).toMatchObject({
      code: 4,
      stdout: '',
      stderr:
        'meanderctl: The login admin may not do this: permission denied for function list_sessions; it is no operator\n' +
        'See what it may: meanderctl whoami\n',
    })
  })
})

describe('selectors', () => {
  it.each<[argv: string, expected: string[]]>([
    ['--user mari@hlf.example', ['phone', 'portal', 'idle']],
    [`--user ${people.mari.id}`, ['phone', 'portal', 'idle']],
    ['--org hlf --user mari@hlf.example', ['phone', 'portal', 'idle']],
    [`--org ${organizations.hlf} --kind portal`, ['portal', 'kari', 'support']],
    ['--kind portal', ['portal', 'kari', 'support']],
    ['--user mari@hlf.example --kind mobile', ['phone', 'idle']],
    ['--user mari@hlf.example --state expired', ['expired']],
    ['--user mari@hlf.example --state revoked', ['revoked']],
    ['--user mari@hlf.example --state active', ['phone', 'portal', 'idle']],
    ['--user mari@hlf.example --state any', ['phone', 'revoked', 'idle', 'expired', 'portal']],
    [
      '--user mari@hlf.example --state any --sort last-activity',
      ['phone', 'portal', 'revoked', 'idle', 'expired'],
    ],
    ['--user mari@hlf.example --sort created', ['phone', 'idle', 'portal']],
    ['--user mari@hlf.example --idle-for 29m', ['portal', 'idle']],
    ['--user mari@hlf.example --idle-for 31m', ['idle']],
    ['--user mari@hlf.example --idle-for 1d', []],
    ['--user mari@hlf.example --active-within 31m', ['phone', 'portal']],
    ['--user mari@hlf.example --active-within 29m', ['phone']],
    ['--user mari@hlf.example --idle-for 2m --active-within 1h', ['portal']],
    ['--user mari@hlf.example --created-before 2d1h', ['portal']],
    ['--user mari@hlf.example --created-after 2d1h', ['phone', 'idle']],
    ['--user mari@hlf.example --created-before 1d --created-after 3d', ['idle']],
    ['--created-after 2999-01-01', []],
    ['--user liv@hlf.example --ip 198.51.100.7', ['middle']],
    ['--user liv@hlf.example --ip 198.51.100.7/32', ['middle']],
    ['--user liv@hlf.example --ip 198.51.100.0/24', ['first', 'middle', 'last']],
    ['--user liv@hlf.example --ip 198.51.100.7/24', ['first', 'middle', 'last']],
    ['--user liv@hlf.example --ip ::ffff:198.51.100.7', ['middle']],
    ['--user liv@hlf.example --ip ::ffff:198.51.100.0/120', ['first', 'middle', 'last']],
    ['--user liv@hlf.example --ip 2001:db8::/32', ['six', 'sixLast']],
    ['--user liv@hlf.example --ip 2001:DB8::1', ['six']],
    ['--user liv@hlf.example --ip 0.0.0.0/0', ['first', 'middle', 'last', 'after', 'before']],
    ['--user liv@hlf.example --ip ::/0', ['six', 'sixLast', 'sixAfter']],
    ['--user ola@hlf.example --device TABLET', ['ipad']],
    ['--user ola@hlf.example --device pixel', ['pixel']],
    ['--user ola@hlf.example --device iPAD', ['ipad']],
    ['--user ola@hlf.example --device p', ['ipad', 'pixel']],
    ['--user ola@hlf.example --user-agent MOZILLA', ['pixel']],
    ['--user ola@hlf.example --user-agent meander/4 --device ipad', ['ipad']],
    ['--user ola@hlf.example --user-agent meander/4 --device pixel', []],
    ['--mine', ['kari']],
    ['--mine --kind mobile', []],
  ])('%s', async (argv, expected) => {
    expect(await listed('kari', ...argv.split(' '))).toEqual(expected)
  })

  it('--grant names the sessions that were opened under it', async () => {
    expect(await listed('kari', '--grant', grant)).toEqual(['support'])
    expect(await listed('kari', '--grant', grant, '--kind', 'mobile')).toEqual([])
    expect(await listed('gro', '--grant', grant.toUpperCase())).toEqual(['support'])
  })

  it('text is taken as it is: no wildcards', async () => {
    const found = (...argv: string[]) => listed('kari', '--user', 'ola@hlf.example', ...argv)
    expect(await found('--device', '%')).toEqual(['ipad'])
    expect(await found('--device', '_')).toEqual(['pixel'])
    expect(await found('--device', 'i%d')).toEqual([])
    expect(await found('--device', '.')).toEqual([])
    expect(await found('--device', '\\')).toEqual([])
    expect(await found('--user-agent', '%_')).toEqual(['pixel'])
    expect(await found('--user-agent', '*')).toEqual([])
    expect(await found('--user-agent', '5_%')).toEqual([])
  })

  it('only ASCII letters are folded', async () => {
    const found = (device: string) => listed('kari', '--user', 'ola@hlf.example', '--device', device)
    expect(await found('admİN')).toEqual(['ipad'])
    expect(await found('admin')).toEqual([])
    expect(await found('ADMIN')).toEqual([])
    expect(await found('ADMİN'.toLowerCase())).toEqual([])
    expect(await found('’S IPAD')).toEqual(['ipad'])
  })

  it('an e-mail address is matched whole, and only ASCII letters are folded', async () => {
    expect(await listed('kari', '--user', 'MARI@hlf.EXAMPLE')).toEqual(['phone', 'portal', 'idle'])
    expect(await listed('kari', '--user', 'ADMIN@HLF.EXAMPLE')).toEqual([])
    for (const nobody of [
      'ADMİN@hlf.example',
      'admın@hlf.example',
      'mari%',
      'mari@hlf',
      ' mari@hlf.example',
    ]) {
      expect({ nobody, code: (await as('kari', ['--user', nobody])).code }).toEqual({ nobody, code: 3 })
    }
  })

  it('created before and after are strict, to the microsecond', async () => {
    const { stdout } = await as('kari', ['--user', 'mari@hlf.example', '--sort', 'created', '-o', 'ndjson'])
    const { createdAt } = JSON.parse(stdout.split('\n')[1] ?? '')
    const moved = (by: bigint) =>
      `${createdAt.slice(0, 20)}${String(BigInt(createdAt.slice(20, 26)) + by).padStart(6, '0')}Z`
    const found = (...argv: string[]) => listed('kari', '--user', 'mari@hlf.example', ...argv)
    expect(await found('--created-before', createdAt)).toEqual(['portal'])
    expect(await found('--created-before', moved(1n))).toEqual(['portal', 'idle'])
    expect(await found('--created-after', createdAt)).toEqual(['phone'])
    expect(await found('--created-after', moved(-1n))).toEqual(['phone', 'idle'])
  })

  it('idle is strictly longer: what was used exactly then is not', async () => {
    const kari = await asLogin(server, database, 'kari')
    const used = await kari.value(
      "select last_activity_at from meander.list_sessions($1, 'created', null, null, 1)",
      [JSON.stringify({ ids: [s.id.idle] })],
    )
    const count = (selector: object) =>
      kari.value(
        "select count(*) from meander.list_sessions($1::jsonb || jsonb_build_object('ids', jsonb_build_array($2::text)), 'created', null, null, 9)",
        [JSON.stringify(selector), s.id.idle],
      )
    expect(await count({ idleFor: used })).toBe('0')
    expect(await count({ activeWithin: used })).toBe('1')
  })

  it('an IPv4-mapped address is stored as IPv4', async () => {
    const auth = await asLogin(server, database, 'auth')
    const id = randomUUID()
    await auth.rows(
      `insert into meander.sessions (id, user_id, organization_id, kind, ip, expires_at)
       values ($1, $2, $3, 'mobile', '::ffff:203.0.113.9', now() + interval '1 hour')`,
      [id, people.eva.id, organizations.empty],
    )
    expect(await listed('eva', '--ip', '203.0.113.0/24')).toEqual([id])
    expect((await as('eva', ['-o', 'json'])).json<{ items: { ip: string }[] }>().items[0]?.ip).toBe(
      '203.0.113.9',
    )
  })
})

describe('--mine', () => {
  it('is the person’s own, whatever the role', async () => {
    expect(await listed('ada', '--mine')).toEqual(['ada'])
    expect(await listed('nils', '--mine')).toEqual(['nils'])
  })

  it('of a global admin: those of the platform and under a grant, without an intent', async () => {
    const intents = () =>
      server.query("select 1 from meander.audit_log where action = 'intent.recorded'", [], database)
    const before = await intents()
    expect(await listed('gro', '--mine')).toEqual(['support', 'office'])
    expect(await listed('gro', '--mine', '--org', 'platform')).toEqual(['office'])
    expect(await listed('gro', '--mine', '--org', 'hlf')).toEqual(['support'])
    expect(await intents()).toHaveLength(before.length)
  })

  it('with another organization or user is not found, or a contradiction', async () => {
    expect((await as('kari', ['--mine', '--org', 'nhf'])).code).toBe(3)
    const { code, stderr } = await as('kari', ['--mine', '--user', 'mari@hlf.example'])
    expect(code).toBe(2)
    expect(stderr).toBe('meanderctl: --mine and --user contradict each other.\nGive one of them.\n')
  })
})

describe('unknown and foreign look the same', () => {
  it.each([
    ['--org', 'nhf', 'nowhere', 'no such organization within your reach'],
    ['--org', organizations.nhf, randomUUID(), 'no such organization within your reach'],
    ['--user', 'per@nhf.example', 'nobody@nhf.example', 'no such user within your reach'],
    ['--user', people.per.id, randomUUID(), 'no such user within your reach'],
    ['--user', 'gro@meander.example', 'hugo@meander.example', 'no such user within your reach'],
  ])('%s %s and %s', async (option, foreign, unknown, message) => {
    for (const login of option === '--user' && foreign.startsWith('gro') ? ['eva'] : ['kari', 'ada', 'gro']) {
      const [one, other] = [await as(login, [option, foreign]), await as(login, [option, unknown])]
      expect(one.code).toBe(3)
      expect(one.stderr).toBe(`meanderctl: ${message}\nSee what is within your reach: meanderctl whoami\n`)
      expect(one).toMatchObject({ code: other.code, stdout: other.stdout, stderr: other.stderr })
    }
  })

  it('--grant', async () => {
    const [one, other] = [
      await as('kari', ['--grant', foreignGrant]),
      await as('kari', ['--grant', randomUUID()]),
    ]
    expect(one).toMatchObject({
      code: 3,
      stdout: '',
      stderr:
        'meanderctl: no such grant within your reach\nSee what is within your reach: meanderctl whoami\n',
    })
    expect(one).toMatchObject({ code: other.code, stdout: other.stdout, stderr: other.stderr })
  })

  it('MEANDERCTL_ORG too', async () => {
    expect((await as('kari', [], { env: { MEANDERCTL_ORG: 'nhf' } })).code).toBe(3)
    expect((await as('kari', [], { env: { MEANDERCTL_ORG: 'hlf' } })).code).toBe(0)
    expect((await as('kari', ['--org', 'hlf'], { env: { MEANDERCTL_ORG: 'nhf' } })).code).toBe(0)
  })
})

it('an e-mail address that fits several users is 2, and lists their ids', async () => {
  await seedGrant(server, database, 'gro', 'nhf')
  const both = await server.query<{ id: string }>(
    "select id from meander.users where email = 'both@example.org'",
    [],
    database,
  )
  const ran = await as('gro', ['--user', 'BOTH@example.org', '-o', 'json'])
  expect(ran.code).toBe(2)
  const { code, details, hint } = ran.error()
  expect({ code, hint }).toEqual({ code: 'USAGE', hint: 'Name one of them by id.' })
  expect((details as { id: string }[]).map(({ id }) => id).sort()).toEqual(both.map(({ id }) => id).sort())
  const { stderr } = await as('gro', ['--user', 'both@example.org'])
  for (const { id } of both) expect(stderr).toContain(id)
  expect((await as('gro', ['--user', 'both@example.org', '--org', 'hlf'])).code).toBe(0)
  expect((await as('kari', ['--user', 'both@example.org'])).code).toBe(0)
})
