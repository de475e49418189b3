import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { everythingOf } from '../../support/bystanders.ts'
import { seedNamed } from '../../support/named-sessions.ts'
import { organizations, peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

interface Group {
  readonly organization: string
  readonly dimension: string
  readonly value: string
  readonly sessions: number
}

interface Stats {
  readonly state: string
  readonly active: number
  readonly expired: number
  readonly revokedLastDay: number
  readonly groups: readonly Group[]
}

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string
let grant: string
let folder: string

const as = (login: string, argv: readonly string[], options?: RunOptions) =>
  run(server, database, login, ['sessions', ...argv], options)

const statsOf = async (login: string, ...argv: string[]): Promise<Stats> => {
  const { code, stdout, stderr } = await as(login, ['stats', ...argv, '-o', 'json'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { schemaVersion, kind, item } = JSON.parse(stdout)
  expect({ schemaVersion, kind }).toEqual({ schemaVersion: 1, kind: 'SessionStats' })
  return item
}

/** How many `sessions list` shows. */
const listed = async (login: string, ...argv: string[]): Promise<number> => {
  const { code, stdout } = await as(login, ['list', ...argv, '-o', 'id'])
  expect(code).toBe(0)
  return stdout.split('\n').length - 1
}

const sum = (groups: readonly Group[], ...where: readonly [keyof Group, string][]): number =>
  groups
    .filter((group) => where.every(([key, value]) => group[key] === value))
    .reduce((total, { sessions }) => total + sessions, 0)

/** The groups that are not empty, as `value: sessions`. */
const by = ({ groups }: Stats, wanted: string): Record<string, number> =>
  Object.fromEntries(
    groups
      .filter(({ dimension, sessions }) => dimension === wanted && sessions > 0)
      .map(({ value, sessions }) => [value, sessions]),
  )

beforeAll(async () => {
  database = await peopledDatabase(server)
  folder = mkdtempSync(join(tmpdir(), 'meanderctl-stats-'))
  grant = await seedGrant(server, database, 'gro', 'hlf')
  const s = await seedNamed(server, database, {
    phone: { person: 'mari', createdAgo: '30 minutes', activeAgo: '1 minute' },
    portal: {
      person: 'mari',
      kind: 'portal',
      deviceType: null,
      createdAgo: '5 hours',
      activeAgo: '30 minutes',
    },
    idle: { person: 'mari', createdAgo: '2 days', activeAgo: '10 hours' },
    tablet: {
      person: 'ola',
      deviceType: 'tablet',
      createdAgo: '20 days',
      activeAgo: '3 days',
      ip: '2001:db8::1',
    },
    odd: { person: 'ola', deviceType: 'a "b"\\c\n\u202e', createdAgo: '60 days', activeAgo: '20 days' },
    old: { person: 'ola', createdAgo: '100 days', activeAgo: '40 days' },
    // Past what the policy of the organization allows, a year in all; the other has run out by itself.
    overLifetime: { person: 'liv', createdAgo: '400 days', activeAgo: '1 minute', expiresIn: '300 days' },
    expired: { person: 'liv', createdAgo: '20 days', activeAgo: '3 days', expiresIn: '-1 day' },
    lost: { person: 'liv', createdAgo: '3 days', activeAgo: '2 hours' },
    stolen: { person: 'liv', createdAgo: '3 days', activeAgo: '2 hours' },
    longAgo: { person: 'liv', createdAgo: '9 days', activeAgo: '8 days' },
    support: { person: 'gro', organization: 'hlf', kind: 'portal', grant, activeAgo: '14 hours' },
    office: { person: 'gro', kind: 'portal' },
    own: { person: 'kari', kind: 'portal' },
    auditor: { person: 'ada' },
    nils: { person: 'nils' },
    per: { person: 'per', deviceType: 'watch' },
  })
  for (const [session, reason] of [
    [s.id.lost, 'lost phone'],
    [s.id.stolen, 'stolen'],
    [s.id.longAgo, 'lost phone'],
  ] as const) {
    const { code } = await as('kari', ['revoke', session, '--reason', reason, '--yes'], { redis })
    expect(code).toBe(0)
  }
  await server.query(
    `insert into meander.organization_settings (organization_id, absolute_lifetime)
       values ('${organizations.hlf}', '365 days');
     set session_replication_role = 'replica';
     update meander.sessions set revoked_at = now() - interval '25 hours' where id = '${s.id.longAgo}';
     update meander.sessions set revoke_reason = '=cmd()' || chr(27) || '[31m' where id = '${s.id.stolen}'`,
    [],
    database,
  )
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('what is counted', () => {
  it('by state, and of the active ones by what they have in common', async () => {
    const stats = await statsOf('kari')
    expect(stats).toMatchObject({ state: 'active', active: 9, expired: 2, revokedLastDay: 2 })
    expect(by(stats, 'kind')).toEqual({ mobile: 6, portal: 3 })
    expect(by(stats, 'deviceType')).toEqual({
      phone: 6,
      tablet: 1,
      '(unknown)': 1,
      'a "b"\\c\n\u202e': 1,
    })
    expect(by(stats, 'age')).toEqual({
      'up to 1h': 1,
      '1h to 1d': 4,
      '1d to 7d': 1,
      '7d to 30d': 1,
      '30d to 90d': 1,
      'over 90d': 1,
    })
    expect(by(stats, 'idle')).toEqual({
      'up to 15m': 3,
      '15m to 1h': 1,
      '1h to 1d': 2,
      '1d to 7d': 1,
      '7d to 30d': 1,
      'over 30d': 1,
    })
    expect(by(stats, 'reason')).toEqual({ 'lost phone': 1, '=cmd()\u001b[31m': 1 })
    expect(new Set(stats.groups.map(({ organization }) => organization))).toEqual(new Set(['hlf']))
  })

  it('what is known beforehand comes with 0 too, where there is no session at all', async () => {
    const stats = await statsOf('eva')
    expect(stats.groups.every(({ sessions }) => sessions === 0)).toBe(true)
    expect(stats.groups.map(({ dimension }) => dimension).filter((d) => d === 'idle')).toHaveLength(6)
  })

  it.each([
    '',
    '--user mari@hlf.example',
    '--user ola@hlf.example --idle-for 7d',
    '--kind portal',
    '--kind mobile --device phone',
    '--device tab',
    '--user-agent IPHONE',
    '--ip 198.51.100.0/24',
    '--ip ::/0',
    '--org hlf',
    '--idle-for 1h',
    '--idle-for 15m',
    '--active-within 15m',
    '--created-before 30d',
    '--created-after 30d',
    '--created-after 1h',
    '--mine',
  ])('agrees with the list in every state: %s', async (text) => {
    const selectors = text.split(' ').filter((word) => word !== '')
    const [active, expired] = [
      await listed('kari', ...selectors, '--state', 'active'),
      await listed('kari', ...selectors, '--state', 'expired'),
    ]
    const rest: Record<string, number> = {
      active,
      expired,
      revoked: await listed('kari', ...selectors, '--state', 'revoked'),
      any: await listed('kari', ...selectors, '--state', 'any'),
    }
    expect(rest.any).toBe(active + expired + (rest.revoked ?? 0))
    for (const [state, count] of Object.entries(rest)) {
      const stats = await statsOf('kari', ...selectors, '--state', state)
      expect({ state, active: stats.active, expired: stats.expired }).toEqual({ state, active, expired })
      for (const dimension of ['kind', 'deviceType', 'age', 'idle']) {
        expect({ state, dimension, count: sum(stats.groups, ['dimension', dimension]) }).toEqual({
          state,
          dimension,
          count,
        })
      }
    }
  })

  it.each(['mari', 'ola', 'liv', 'kari', 'ada'])(
    'the list, the statistics, users show and users verify count the same sessions of %s',
    async (person) => {
      const email = `${person}@hlf.example`
      const { active } = await statsOf('kari', '--user', email)
      const user = (...argv: string[]) =>
        run(server, database, 'kari', ['users', ...argv, '-o', 'json'], { redis })
      const shown = (await user('show', email)).json<{
        item: { activeSessions: number; sessions: readonly { state: string }[] }
      }>().item
      const proof = (await user('verify', email)).json<{
        items: readonly { checks: readonly { name: string; detail: string }[] }[]
      }>()
      const left = proof.items[0]?.checks.find(({ name }) => name === 'noActiveSession')?.detail ?? ''
      expect({
        list: await listed('kari', '--user', email),
        shown: shown.activeSessions,
        states: shown.sessions.filter(({ state }) => state === 'active').length,
        verify: left.match(/session [0-9a-f-]{36} until/g)?.length ?? 0,
      }).toEqual({ list: active, shown: active, states: active, verify: active })
    },
  )

  it('each idle time and age is what the list calls so', async () => {
    const stats = await statsOf('kari')
    const idle = (value: string) => sum(stats.groups, ['dimension', 'idle'], ['value', value])
    const age = (value: string) => sum(stats.groups, ['dimension', 'age'], ['value', value])
    expect(idle('over 30d')).toBe(await listed('kari', '--idle-for', '30d'))
    expect(idle('7d to 30d')).toBe(await listed('kari', '--idle-for', '7d', '--active-within', '30d'))
    expect(idle('up to 15m')).toBe(await listed('kari', '--active-within', '15m'))
    expect(age('over 90d')).toBe(await listed('kari', '--created-before', '90d'))
    expect(age('1d to 7d')).toBe(await listed('kari', '--created-before', '1d', '--created-after', '7d'))
  })

  it('of many device types and reasons the most frequent, and the others together', async () => {
    const own = await server.cloneDatabase(database)
    await server.query(
      `set session_replication_role = 'replica';
       insert into meander.sessions (user_id, organization_id, kind, device_type, expires_at, revoked_at, revoked_by, revoke_reason)
       select id, organization_id, 'mobile', 'type ' || n, now() + interval '1 day',
         case when m = 2 then now() end, case when m = 2 then 'kari' end, 'reason ' || n
       from meander.users, generate_series(1, 30) as n, generate_series(1, 2) as m where email = 'eva@empty.example'`,
      [],
      own,
    )
    const { groups } = (await run(server, own, 'eva', ['sessions', 'stats', '-o', 'json'])).json<{
      item: Stats
    }>().item
    for (const dimension of ['deviceType', 'reason']) {
      const found = groups.filter((group) => group.dimension === dimension)
      expect({ dimension, groups: found.length, all: sum(found) }).toEqual({ dimension, groups: 21, all: 30 })
      expect(found.at(-1)).toMatchObject({ value: '(others)', sessions: 10 })
    }
  })
})

describe('who sees what', () => {
  it('every organization its own, and the auditor too', async () => {
    expect(await statsOf('ada')).toMatchObject({ active: 9, expired: 2 })
    const stats = await statsOf('nils')
    expect(stats).toMatchObject({ active: 2, expired: 0, revokedLastDay: 0 })
    expect(by(stats, 'deviceType')).toEqual({ phone: 1, watch: 1 })
  })

  it('unknown and foreign are alike', async () => {
    const answers = ['nhf', 'nosuch'].map((org) => as('kari', ['stats', '--org', org]))
    const [foreign, unknown] = await Promise.all(answers)
    expect(foreign).toMatchObject({ code: 3, stdout: '' })
    expect(foreign?.stderr).toBe(unknown?.stderr)
    expect((await as('kari', ['stats', '--user', 'per@nhf.example'])).code).toBe(3)
    expect((await as('kari', ['stats', '--grant', organizations.nhf])).code).toBe(3)
  })

  it('an administrator is no operator', async () => {
    expect(await as('admin', ['stats'])).toMatchObject({ code: 4, stdout: '' })
  })

  it('a global admin what is under a grant, with the intent on record before; the own ones without', async () => {
    const intents = () =>
      server.query<{ function: string; reason: string; ticket: string | null }>(
        `select details ->> 'function' as function, reason, ticket from meander.audit_log
         where action = 'intent.recorded' and organization_id = '${organizations.hlf}' order by seq`,
        [],
        database,
      )
    expect(await statsOf('gro', '--mine')).toMatchObject({ active: 2 })
    expect(await statsOf('gro', '--mine', '--org', 'platform')).toMatchObject({ active: 1 })
    expect(await intents()).toEqual([])
    expect(await statsOf('gro', '--reason', 'how many?', '--ticket', 'INC-1')).toMatchObject({ active: 9 })
    expect(await intents()).toEqual([{ function: 'session_stats', reason: 'how many?', ticket: 'INC-1' }])
    expect((await as('gro', ['stats', '--org', 'nhf'])).code).toBe(3)
  })

  it('changes nothing', async () => {
    const before = await everythingOf(server, database, 'hlf')
    await statsOf('kari')
    await statsOf('ada', '--mine')
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
  })
})

describe('how it is shown', () => {
  it('as bars at a terminal, with the numbers beside them', async () => {
    const { stdout } = await as('kari', ['stats'], {
      terminal: [],
      env: { MEANDERCTL_ACCESSIBLE: undefined },
    })
    expect(stdout).toMatch(/^counted {2,}now$/m)
    expect(stdout).toMatch(/^active {2,}9$/m)
    expect(stdout).toMatch(/^revoked in the last 24 h {2}2$/m)
    expect(stdout).toContain('\nBy kind\n')
    const [, most = ''] = /^mobile {2,}6 {2}(█+)$/m.exec(stdout) ?? []
    expect(most.length).toBeGreaterThan(20)
    const [, half = ''] = /^portal {2,}3 {2}(█+)▌?$/m.exec(stdout) ?? []
    expect(half.length).toBe(Math.floor(most.length / 2))
    expect(stdout).not.toContain('By organization')
    expect(stdout).toContain('=cmd()\\u{1b}[31m')
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toContain('\u202e')
  })

  it.each([
    ['a screen reader', { terminal: [] }],
    ['a pipe', {}],
  ])('without bars for %s', async (_, options) => {
    const { stdout } = await as('kari', ['stats'], options)
    expect(stdout).toMatch(/^mobile {2,}6$/m)
    expect(stdout).not.toContain('█')
  })

  it('line by line for programs', async () => {
    const csv = await as('kari', ['stats', '-o', 'csv'])
    expect(csv.stdout).toContain('organization,dimension,value,sessions\n')
    expect(csv.stdout).toContain('\nhlf,kind,mobile,6\n')
    expect(csv.stdout).toContain("\nhlf,reason,'=cmd()\\u{1b}[31m,1\n")
    const { stdout } = await as('kari', ['stats', '-o', 'ndjson'])
    expect(stdout.split('\n').map((line) => line && JSON.parse(line))).toContainEqual({
      organization: 'hlf',
      dimension: 'kind',
      value: 'portal',
      sessions: 3,
    })
    const some = await as('kari', ['stats', '--columns', 'value,sessions'])
    expect(some.stdout).toMatch(/^portal {2,}3$/m)
  })

  it('as Prometheus reads it', async () => {
    const { code, stdout } = await as('kari', ['stats', '-o', 'prometheus'])
    expect(code).toBe(0)
    const lines = stdout.split('\n').slice(0, -1)
    expect(stdout.endsWith('\n')).toBe(true)
    expect(lines).toContain('# TYPE meander_sessions gauge')
    expect(lines).toContain('# HELP meander_sessions Sessions by state; expired: not swept yet.')
    expect(lines).toContain('meander_sessions{organization="hlf",state="active"} 9')
    expect(lines).toContain('meander_sessions_revoked_last_day{organization="hlf"} 2')
    expect(lines).toContain(
      'meander_sessions_by_device_type{organization="hlf",state="active",device_type="a \\"b\\"\\\\c\\\\u{a}\\\\u{202e}"} 1',
    )
    expect(lines).toContain(
      'meander_sessions_revoked_last_day_by_reason{organization="hlf",reason="=cmd()\\\\u{1b}[31m"} 1',
    )
    // The grammar of the text format; each series once, each family in one piece.
    const sample = /^([a-z_]+)\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\} \d+$/
    const families = lines.map((line) => /^# (?:HELP|TYPE) (\w+) /.exec(line)?.[1] ?? sample.exec(line)?.[1])
    expect(families).not.toContain(undefined)
    expect(families.filter((name, at) => name !== families[at - 1])).toEqual([...new Set(families)])
    expect(new Set(lines).size).toBe(lines.length)
  })

  it('into a file that is whole or not there', async () => {
    const file = join(folder, 'meander.prom')
    writeFileSync(file, 'before')
    const there = readdirSync(folder)
    expect(
      (await as('kari', ['stats', '--org', 'nosuch', '-o', 'prometheus', '--output-file', file])).code,
    ).toBe(3)
    expect(readFileSync(file, 'utf8')).toBe('before')
    const umask = process.umask(0o022)
    const { code, stdout } = await as('kari', ['stats', '-o', 'prometheus', '--output-file', file])
    process.umask(umask)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(readFileSync(file, 'utf8')).toContain('meander_sessions{organization="hlf",state="active"} 9\n')
    // The collector runs as somebody else; and nothing of the making is left for it to find.
    expect(statSync(file).mode & 0o777).toBe(0o644)
    expect(readdirSync(folder)).toEqual(there)
    for (const wrong of ['/nonexistent/meander.prom', folder]) {
      expect((await as('kari', ['stats', '-o', 'prometheus', '--output-file', wrong])).code).toBe(2)
    }
  })

  it.each([
    ['stats -o id'],
    ['stats --output-file /tmp/x'],
    ['stats -o prometheus --columns value'],
    ['list -o prometheus'],
    ['stats --sort created'],
    ['stats --limit 3'],
    ['stats --mine --user kari@hlf.example'],
    ['stats --state alive'],
  ])('%s is a misuse', async (argv) => {
    expect(await as('kari', argv.split(' '))).toMatchObject({ code: 2, stdout: '' })
  })
})
