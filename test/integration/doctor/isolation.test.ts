import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { operatorCalls } from '../../../src/postgres/operator-calls.ts'
import { asLogin } from '../../support/as-login.ts'
import { everythingOf } from '../../support/bystanders.ts'
import {
  emailOf,
  organizations,
  people,
  peopledDatabase,
  seedGrant,
  seedSessions,
} from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

interface Line {
  readonly name: string
  readonly state: string
  readonly actual: string
  readonly fix: string | null
}

const server = postgresAt(inject('postgres'))
const folder = mkdtempSync(join(tmpdir(), 'meanderctl-isolation-'))
let database: string
let probe: Record<string, unknown>

/** A file with these things in it. */
const probeOf = (...items: object[]): string => {
  const path = join(folder, `${randomUUID()}.json`)
  writeFileSync(path, JSON.stringify({ schemaVersion: 1, kind: 'IsolationProbe', items }))
  return path
}
const isolation = async (login: string, file: string, at = database) => {
  const ran = await run(server, at, login, ['doctor', 'isolation', '--probe', file, '-o', 'json'])
  if (ran.stdout === '') return { ...ran, items: [], summary: null, findings: [] }
  const { kind, items, summary } = ran.json<{
    kind: string
    items: Line[]
    summary: Record<string, number>
  }>()
  expect(kind).toBe('IsolationResult')
  return { ...ran, items, summary, findings: items.filter(({ state }) => state === 'finding') }
}

beforeAll(async () => {
  database = await peopledDatabase(server)
  const grant = await seedGrant(server, database, 'siv', 'nhf')
  const [ended] = await seedSessions(server, database, [
    { person: 'per', chain: 2 },
    { person: 'per' },
    { person: 'siv', organization: 'nhf', grant },
    { person: 'mari' },
  ])
  const argv = ['sessions', 'revoke', ended?.id ?? '', '--reason', 'lost', '--ticket', 'NHF-7', '--yes']
  const away = { redis: 'redis://127.0.0.1:1' }
  expect((await run(server, database, 'nils', [...argv, '--request-id', randomUUID()], away)).code).toBe(8)
  // What the administrator does with psql.
  const sql = readFileSync(new URL('../../../src/postgres/probe.sql', import.meta.url), 'utf8')
  const [row] = await server.query<Record<string, { items: Record<string, unknown>[] }>>(
    sql.replace(":'organization'", "'nhf'"),
    [],
    database,
  )
  const file = Object.values(row ?? {})[0]
  probe = file?.items[0] ?? {}
  expect(file).toEqual({ schemaVersion: 1, kind: 'IsolationProbe', items: [probe] })
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true }))

it('the probe names something of every kind', () => {
  expect(probe).toEqual({
    organization: organizations.nhf,
    slug: 'nhf',
    user: expect.stringMatching(/^22222222-/),
    email: expect.stringMatching(/@nhf\.example$/),
    login: 'nils',
    session: expect.any(String),
    grant: expect.any(String),
    jti: expect.any(String),
    request: expect.any(String),
    ticket: 'NHF-7',
  })
})

describe('a schema as it is', () => {
  it.each([
    ['kari', []],
    ['ada', []],
    ['eva', []],
    ['gro', ['record', 'under a grant']],
  ])('tells %s nothing by any function, and nothing is changed', async (login, untried) => {
    const all = async () => [
      await everythingOf(server, database, 'hlf'),
      await everythingOf(server, database, 'nhf'),
      await everythingOf(server, database, 'platform'),
      await server.query('select login, request_id from meander.requests', [], database),
      await server.query('select id from meander.intents', [], database),
    ]
    const before = await all()
    const tried = await isolation(login, probeOf(probe))
    expect(tried.findings).toEqual([])
    expect(tried.code).toBe(0)
    expect(tried.items.map(({ name }) => name)).toEqual([...Object.keys(operatorCalls).sort(), ...untried])
    expect(tried.items.filter(({ state }) => state === 'not checked').map(({ name }) => name)).toEqual(
      untried,
    )
    expect(tried.stderr).toMatch(
      /^\d+ calls of \d+ functions, all rolled back: 0 findings, \d not checked\.\n$/,
    )
    expect(await all()).toEqual(before)
  })

  it('says which kinds the probe does not name, and tries all of several', async () => {
    const { jti, slug } = probe
    const tried = await isolation('kari', probeOf({ jti }, { slug, jti: randomUUID() }))
    expect(tried.code).toBe(0)
    expect(tried.items.filter(({ state }) => state === 'not checked').map(({ name }) => name)).toEqual(
      ['organization', 'user', 'email', 'login', 'session', 'grant', 'request', 'ticket'].map(
        (kind) => `probe: ${kind}`,
      ),
    )
    expect(tried.items.find(({ name }) => name === 'check_token')?.actual).toBe('the same in 2 calls')
  })
})

/** Functions that a careless day could bring, in place of ours or beside them. */
const definer = 'language plpgsql security definer set search_path = pg_catalog, pg_temp'
const there = 'exists (select from meander.sessions s where s.id = p_session)'
const flaws: [how: string, name: string, sql: string, actual: RegExp][] = [
  [
    'another SQLSTATE',
    'get_session',
    `create or replace function meander.get_session(p_session uuid) returns jsonb ${definer} as $$ begin
       if ${there} then raise exception using errcode = 'MC403', message = 'no such session'; end if;
       raise exception using errcode = 'MC404', message = 'no such session'; end $$`,
    /^SQLSTATE MC403 for the foreign, SQLSTATE MC404 for one that nobody has$/,
  ],
  [
    'another message',
    'get_session',
    `create or replace function meander.get_session(p_session uuid) returns jsonb ${definer} as $$ begin
       if ${there} then raise exception using errcode = 'MC404', message = 'session ' || p_session || ' is not yours'; end if;
       raise exception using errcode = 'MC404', message = 'there is no session ' || p_session; end $$`,
    /^another message, both with MC404$/,
  ],
  [
    'a hint',
    'get_session',
    `create or replace function meander.get_session(p_session uuid) returns jsonb ${definer} as $$ begin
       if ${there} then raise exception using errcode = 'MC404', message = 'no', hint = 'Ask for a grant.'; end if;
       raise exception using errcode = 'MC404', message = 'no'; end $$`,
    /^another message, both with MC404$/,
  ],
  [
    'a row',
    'peek',
    `create function meander.peek(p_session uuid) returns setof uuid ${definer} as $$ begin
       return query select s.id from meander.sessions s where s.id = p_session; end $$`,
    /^rows: 1 for the foreign, 0 for one that nobody has$/,
  ],
  [
    'a value',
    'peek',
    `create function meander.peek(p_sessions uuid[]) returns jsonb ${definer} as $$ begin
       return jsonb_build_object('asked', p_sessions, 'found', (select count(*) from meander.sessions s where s.id = any (p_sessions))); end $$`,
    /^other values in the answer$/,
  ],
  [
    'an answer to an address',
    'peek',
    `create function meander.peek(p_email text, p_limit integer) returns boolean ${definer} as $$ begin
       if not exists (select from meander.users u where u.email = p_email) then
         raise exception using errcode = 'MC404', message = 'no such person'; end if;
       return true; end $$`,
    /^an answer for the foreign, SQLSTATE MC404 for one that nobody has$/,
  ],
  [
    'the record',
    'peek',
    `create function meander.peek(p_session uuid) returns void ${definer} as $$ begin
       if ${there} then
         perform meander.append_audit_events(array[row('${organizations.hlf}', 'session.shown', 'session', p_session::text,
           null, null, null, '{}')::meander.audit_event]);
       end if; end $$`,
    /^events on record: 1 for the foreign, 0 for one that nobody has$/,
  ],
  [
    'nothing, as far as it can be guessed',
    'peek',
    `create function meander.peek(p_session uuid) returns boolean ${definer} as $$ begin return true; end $$`,
    /^unknown, the same in 1 call by guess$/,
  ],
  [
    'who knows what',
    'peek',
    `create function meander.peek(p_since timestamptz) returns boolean ${definer} as $$ begin return true; end $$`,
    /^unknown, not tried$/,
  ],
]

it.each(flaws)('a function that gives away by %s is found', async (_, name, sql, actual) => {
  const copy = await server.cloneDatabase(database)
  try {
    // As the superuser's, so that no policy is a second net.
    await server.query(
      `${sql}; alter function meander.${name} owner to postgres; grant execute on function meander.${name} to meander_operator`,
      [],
      copy,
    )
    const tried = await isolation('kari', probeOf(probe), copy)
    expect(tried.code).toBe(7)
    expect(tried.findings).toEqual([
      expect.objectContaining({
        name,
        actual: expect.stringMatching(actual),
        fix: expect.stringContaining(name),
      }),
    ])
    expect(tried.stdout).not.toContain(String(probe.session))
  } finally {
    await server.query(`drop database ${copy}`)
  }
})

describe('is refused', () => {
  it.each([
    ['admin', 5, /this login is none/],
    ['publisher', 5, /this login is none/],
    ['stranger', 4, /no operator/],
    ['nils', 2, /of nhf, which this login may reach/],
  ])('to %s with %d', async (login, code, message) => {
    const tried = await isolation(login, probeOf(probe))
    expect(tried).toMatchObject({ code, stdout: '' })
    expect(tried.error().message).toMatch(message)
  })

  it.each([
    ['no file', ['--probe', '/nonexistent/probe.json'], /cannot be read/],
    ['no probe', [], /--probe/],
    ['an empty probe', ['--probe', probeOf()], /items/],
    ['an unknown kind of thing', ['--probe', probeOf({ house: randomUUID() })], /house/],
    ['an id that is none', ['--probe', probeOf({ session: 'abc' })], /items\.0\.session/],
  ])('with 2 for %s', async (_, argv, message) => {
    const ran = await run(server, database, 'kari', ['doctor', 'isolation', ...argv, '-o', 'json'])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.error().message).toMatch(message)
  })

  it.each(['grant', 'session', 'user', 'email'])(
    'with 2 for a %s of the own organization, whatever the probe says of it',
    async (kind) => {
      const grant = await seedGrant(server, database, 'gro', 'hlf')
      const [session] = await seedSessions(server, database, [{ person: 'mari' }])
      const own = {
        grant,
        session: session?.id,
        user: people.mari.id,
        email: emailOf('mari'),
      }[kind]
      const holder = await asLogin(server, database, 'gro')
      const tried = await isolation('kari', probeOf({ ...probe, [kind]: own }))
      expect(tried).toMatchObject({ code: 2, stdout: '' })
      expect(tried.error().message).toBe(`The probe names a ${kind} of hlf, which this login may reach.`)
      expect(await holder.value('select 1')).toBe('1')
      await holder.close()
    },
  )

  it('with 2 for what is not JSON', async () => {
    const path = join(folder, 'text')
    writeFileSync(path, 'id\n')
    expect((await isolation('kari', path)).error().message).toMatch(/is not JSON/)
  })
})
