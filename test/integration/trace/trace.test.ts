import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import type { Trace } from '../../../src/service/trace.ts'
import { asLogin } from '../../support/as-login.ts'
import { everythingOf } from '../../support/bystanders.ts'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { emailOf, organizations, people, peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const bad = '203.0.113.66'
const agent = 'curl/8.9 (=cmd\u202e)'

type Names = 'stolen' | 'phone' | 'old' | 'ola' | 'olaHome' | 'liv' | 'ada' | 'per' | 'nils'
let database: string
let s: NamedSessions<Names>

/** mari's token was used from a bad address, where ola was too; per and nils are another organization's. */
const scene = async (): Promise<[string, NamedSessions<Names>]> => {
  const made = await peopledDatabase(server)
  const named = await seedNamed<Names>(server, made, {
    stolen: { person: 'mari', ip: bad, userAgent: agent, deviceName: 'Anna’s phone', chain: 3 },
    phone: {
      person: 'mari',
      ip: '198.51.100.1',
      deviceName: 'Mari',
      createdAgo: '20 days',
      activeAgo: '10 days',
    },
    old: { person: 'mari', ip: bad, createdAgo: '9 days', activeAgo: '8 days', expiresIn: '-7 days' },
    ola: { person: 'ola', ip: bad, activeAgo: '3 hours', createdAgo: '5 hours', deviceName: 'Ola', chain: 2 },
    olaHome: { person: 'ola', ip: '198.51.100.2', deviceName: null },
    liv: { person: 'liv', ip: '198.51.100.3' },
    ada: { person: 'ada', ip: '198.51.100.4', userAgent: agent, deviceName: 'Anna’s phone' },
    per: { person: 'per', ip: bad, userAgent: agent, deviceName: 'Anna’s phone' },
    nils: { person: 'nils', ip: bad },
  })
  return [made, named]
}

beforeAll(async () => {
  ;[database, s] = await scene()
})

const as = (login: string, argv: readonly string[], options?: RunOptions) =>
  run(server, database, login, ['trace', ...argv], options)
const traced = async (login: string, ...argv: string[]): Promise<Trace> => {
  const ran = await as(login, [...argv, '-o', 'json'])
  expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: '' })
  const { kind, schemaVersion, item } = ran.json<{ kind: string; schemaVersion: number; item: Trace }>()
  expect({ kind, schemaVersion }).toEqual({ kind: 'Trace', schemaVersion: 1 })
  return item
}
/** The names of the sessions of one relation. */
const related = (trace: Trace, relation: string): string[] =>
  s
    .names(
      trace.sessions.flatMap((session) => (session.relation === relation ? [session.id] : [])).join('\n'),
    )
    .sort()
const column = async (text: string, value: string): Promise<string> => {
  const [row] = await server.query<{ value: string }>(text, [value], database)
  return row?.value ?? ''
}

describe('a fact', () => {
  it.each<
    [fact: string | (() => string | Promise<string>), kind: string, found: [string[], string[], string[]]]
  >([
    [bad, 'address', [['ola', 'stolen'], ['olaHome', 'phone'], ['ada']]],
    [`::ffff:${bad}`, 'address', [['ola', 'stolen'], ['olaHome', 'phone'], ['ada']]],
    ['203.0.113.0/24', 'address', [['ola', 'stolen'], ['olaHome', 'phone'], ['ada']]],
    [() => s.id.stolen, 'session', [['stolen'], ['phone'], ['ada', 'ola']]],
    [() => s.id.stolen.toUpperCase(), 'session', [['stolen'], ['phone'], ['ada', 'ola']]],
    [() => s.jtis.stolen[0] ?? '', 'accessToken', [['stolen'], ['phone'], ['ada', 'ola']]],
    [
      () =>
        column(
          'select id as value from meander.refresh_tokens where access_jti = $1',
          s.jtis.stolen[0] ?? '',
        ),
      'refreshToken',
      [['stolen'], ['phone'], ['ada', 'ola']],
    ],
    [emailOf('mari'), 'email', [['phone', 'stolen'], [], ['ada', 'ola']]],
    [emailOf('mari').toUpperCase(), 'email', [['phone', 'stolen'], [], ['ada', 'ola']]],
    [people.mari.id, 'user', [['phone', 'stolen'], [], ['ada', 'ola']]],
    ['CURL/8', 'text', [['ada', 'stolen'], ['phone'], ['ola']]],
    ['anna’s', 'text', [['ada', 'stolen'], ['phone'], ['ola']]],
  ])('%s is taken for: %s', async (fact, kind, [matches, siblings, neighbours]) => {
    const trace = await traced('kari', typeof fact === 'string' ? fact : await fact())
    expect(trace.kind).toBe(kind)
    expect(related(trace, 'match')).toEqual(matches)
    expect(related(trace, 'sibling')).toEqual(siblings)
    expect(related(trace, 'neighbour')).toEqual(neighbours)
    expect(trace.counts).toMatchObject({
      matches: matches.length,
      siblings: siblings.length,
      neighbours: neighbours.length,
    })
    expect(s.names(trace.usableSessions.join('\n')).sort()).toEqual([...matches, ...siblings].sort())
  })

  it('tells users, chain, tokens and until when they are good, and no hash', async () => {
    const trace = await traced('kari', s.jtis.stolen[0] ?? '')
    expect(trace.users.map(({ email, relation }) => [email, relation])).toEqual([
      [emailOf('mari'), 'match'],
      [emailOf('ola'), 'neighbour'],
      [emailOf('ada'), 'neighbour'],
    ])
    expect(trace.sessions.map(({ via }) => via)).toEqual([null, null, 'device', 'address'])
    expect(trace.chain.map(({ jti, state }) => [jti, state])).toEqual(
      s.jtis.stolen.map((jti, at) => [jti, at === 2 ? 'live' : 'rotated']),
    )
    expect(trace.usable).toEqual({
      sessions: 2,
      sessionsUntil: expect.stringMatching(/Z$/),
      refreshTokens: 2,
      accessTokens: 4,
      accessTokensUntil: expect.stringMatching(/Z$/),
    })
    expect(trace.accessTokens.every(({ usable, blocked }) => usable && !blocked)).toBe(true)
    const hashes = await server.query<{ hash: string }>(
      `select encode(token_hash, 'hex') as hash from meander.refresh_tokens`,
      [],
      database,
    )
    for (const { hash } of hashes) expect(JSON.stringify(trace)).not.toContain(hash)
  })

  it('--window says how far back: 7 days ago is not together with today', async () => {
    expect(related(await traced('kari', bad, '--window', '30d'), 'match')).toEqual(['ola', 'old', 'stolen'])
    expect(related(await traced('kari', s.id.stolen, '--window', '1h'), 'neighbour')).toEqual(['ada'])
    expect((await as('kari', [bad, '--window', 'soon'])).code).toBe(2)
  })

  it('a device that many have is a model, and makes nobody a neighbour', async () => {
    const [own, here] = await scene()
    await server.query(
      `set session_replication_role = replica;
       with people as (
         insert into meander.users (organization_id, email, display_name, role)
         select '${organizations.hlf}', 'n' || n || '@hlf.example', 'N', 'member' from generate_series(1, 21) as n
         returning id)
       insert into meander.sessions (user_id, organization_id, kind, device_name, user_agent, expires_at)
       select id, '${organizations.hlf}', 'mobile', 'Anna’s phone', '${agent}', now() + interval '1 day' from people`,
      [],
      own,
    )
    const ran = await run(server, own, 'kari', ['trace', here.id.stolen, '-o', 'json'])
    expect(ran.json<{ item: Trace }>().item.counts).toMatchObject({ neighbours: 1, otherUsers: 1 })
  })

  it('that fits more than 10000 sessions is too wide', async () => {
    const own = await peopledDatabase(server)
    await server.query(
      `set session_replication_role = replica;
       insert into meander.sessions (user_id, organization_id, kind, ip, expires_at)
       select '${people.mari.id}', '${organizations.hlf}', 'mobile', '${bad}', now() + interval '1 day'
       from generate_series(1, 10001)`,
      [],
      own,
    )
    for (const fact of [bad, emailOf('mari')]) {
      const ran = await run(server, own, 'kari', ['trace', fact])
      expect(ran).toMatchObject({ code: 2, stdout: '' })
      expect(ran.stderr).toContain('more than 10000 sessions')
    }
  })
})

describe('who finds what', () => {
  it.each([
    ['an address', () => [bad, '192.0.2.1'] as const],
    ['a session', () => [s.id.per, randomUUID()] as const],
    ['a jti', () => [s.jtis.per[0] ?? '', randomUUID()] as const],
    ['a user', () => [people.per.id, randomUUID()] as const],
    ['an e-mail', () => [emailOf('per'), 'nobody@nowhere.example'] as const],
    ['a text', () => ['Anna’s', 'no such device'] as const],
  ])('%s that is foreign or unknown is 3, alike', async (_, facts) => {
    const [foreign, unknown] = await Promise.all(facts().map((fact) => as('eva', [fact])))
    expect(foreign).toMatchObject({ code: 3, stdout: '' })
    expect(foreign?.stderr).toBe(unknown?.stderr)
    expect((await as('kari', ['--org', 'nhf', bad])).stderr).toBe(
      (await as('kari', ['--org', 'nowhere', bad])).stderr,
    )
  })

  it('an auditor looks, a stranger does not', async () => {
    expect((await traced('ada', bad)).counts).toEqual((await traced('kari', bad)).counts)
    expect((await as('stranger', [bad])).code).toBe(4)
  })

  it('a global admin finds what a grant opens, on the record first', async () => {
    const [own, here] = await scene()
    const gro = (...argv: string[]) => run(server, own, 'gro', ['trace', ...argv, '-o', 'json'])
    expect((await gro(bad)).code).toBe(3)
    const grant = await seedGrant(server, own, 'gro', 'hlf')
    const ran = await gro(bad, '--reason', 'theft', '--ticket', 'INC-1')
    const { item } = ran.json<{ item: Trace }>()
    expect(item.sessions.map(({ id }) => id)).not.toContain(here.id.per)
    expect(item.counts).toMatchObject({ matches: 2, users: 2 })
    expect(item.grants).toEqual([])
    const record = await server.query<object>(
      `select actor, action, reason, ticket, details->>'function' as function, details->'arguments'->>'fact' as fact
       from meander.audit_log where organization_id = '${organizations.hlf}' and action = 'intent.recorded'`,
      [],
      own,
    )
    expect(record).toEqual([
      {
        actor: 'gro',
        action: 'intent.recorded',
        reason: 'theft',
        ticket: 'INC-1',
        function: 'get_trace',
        fact: bad,
      },
    ])
    expect((await gro(people.gro.id)).json<{ item: Trace }>().item).toMatchObject({
      kind: 'user',
      counts: { matches: 0 },
      grants: [{ id: grant, state: 'active' }],
    })
    await seedGrant(server, own, 'gro', 'nhf')
    expect((await gro(bad)).json<{ item: Trace }>().item.counts).toMatchObject({ matches: 4, users: 4 })
    expect((await gro(bad, '--org', 'nhf')).json<{ item: Trace }>().item.counts).toMatchObject({ matches: 2 })
  })
})

describe('output', () => {
  it('a person reads sections; hostile text moves nothing', async () => {
    const { stdout, stderr } = await as('kari', [bad])
    expect(stdout.split('\n').filter((line) => /^[A-Z][a-z]/.test(line))).toEqual([
      'Users',
      'Sessions',
      'Other sessions of the same users',
      'Sessions of others, by what they share',
      'Refresh chain',
      'Live access tokens',
      'Support access grants',
    ])
    expect(stdout).toMatch(/^taken for +an address or network$/m)
    expect(stdout).toMatch(
      /^still usable +4 sessions until \S+, 4 refresh tokens, 7 access tokens until \S+$/m,
    )
    expect(stderr).toContain('4 sessions still usable.')
    const wide = await as('kari', [bad, '-o', 'wide'])
    expect(wide.stdout).toContain('\\u{202e}')
    expect(wide.stdout).not.toContain('\u202e')
  })

  it('-o id goes straight into sessions revoke, and then nothing is usable', async () => {
    const [own, here] = await scene()
    const go = (argv: string[], options?: RunOptions) => run(server, own, 'kari', argv, { redis, ...options })
    const before = await everythingOf(server, own, 'nhf')
    const { stdout: ids } = await go(['trace', bad, '-o', 'id'])
    expect(here.names(ids).sort()).toEqual(['ola', 'olaHome', 'phone', 'stolen'])
    const dry = await go(['sessions', 'revoke', '--from', '-', '--dry-run', '-o', 'json'], { stdin: ids })
    expect(dry.json()).toMatchObject({ summary: { requested: 4, revoked: 4 } })
    const done = await go(['sessions', 'revoke', '--from', '-', '--reason', 'theft', '--yes'], { stdin: ids })
    expect(done, done.stderr).toMatchObject({ code: 0 })

    const again = await go(['trace', bad, '-o', 'id'])
    expect(again).toMatchObject({ code: 0, stdout: '', stderr: 'Nothing of this is usable any more.\n' })
    // The record of the theft stays: ended sessions and spent tokens are found as before.
    const late = await go(['trace', here.jtis.stolen[0] ?? '', '-o', 'json'])
    expect(late.json<{ item: Trace }>().item).toMatchObject({
      kind: 'accessToken',
      usable: {
        sessions: 0,
        sessionsUntil: null,
        refreshTokens: 0,
        accessTokens: 0,
        accessTokensUntil: null,
      },
      usableSessions: [],
      sessions: [
        { id: here.id.stolen, state: 'revoked', revokedBy: 'kari' },
        {},
        {},
        { relation: 'neighbour' },
      ],
    })
    expect((await go(['trace', 'curl/8', '-o', 'json'])).json<{ item: Trace }>().item.counts.matches).toBe(2)
    expect(await everythingOf(server, own, 'nhf')).toBe(before)
    const bystanders = await go(['sessions', 'list', '-o', 'id'])
    expect(here.names(bystanders.stdout).sort()).toEqual(['ada', 'liv'])
  })

  it('a token that Redis was not told of yet is still usable', async () => {
    const [own, here] = await scene()
    const go = (...argv: string[]) => run(server, own, 'kari', argv)
    // With psql, so that nobody carries the blocklist to Redis.
    const kari = await asLogin(server, own, 'kari')
    await kari.rows('select meander.revoke_sessions($1, $2, null, null)', [[here.id.ola], 'theft'])
    await kari.close()
    const { stdout } = await go('trace', here.id.ola)
    expect(stdout.match(/usable until Redis is told/g)).toHaveLength(2)
    expect(here.names((await go('trace', here.id.ola, '-o', 'id')).stdout).sort()).toEqual(['ola', 'olaHome'])
  })
})
