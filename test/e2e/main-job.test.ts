import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { password } from '../support/as-login.ts'
import { people, peopledDatabase } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { runInPty } from '../support/pty.ts'
import { type PrivateRedis, startRedis } from '../support/redis.ts'
import { bin, meanderctl } from './meanderctl.ts'

const server = postgresAt(inject('postgres'))
let database: string
let redis: PrivateRedis
let env: Record<string, string>

/** 50,000 sessions over 40 organizations, 10,000 of them in hlf, where several share each moment of activity. */
const crowd = `
  set session_replication_role = 'replica';
  insert into meander.organizations (id, slug, name)
  select gen_random_uuid(), 'org-' || n, 'Organization ' || n from generate_series(1, 37) n;
  insert into meander.users (id, organization_id, email, display_name, role)
  select gen_random_uuid(), o.id, 'volunteer' || n || '@' || o.slug || '.example', 'Volunteer ' || n, 'member'
  from meander.organizations o, generate_series(1, 100) n where o.slug <> 'platform';
  insert into meander.sessions (user_id, organization_id, kind, device_type, device_name, user_agent, ip, created_at,
    last_activity_at, expires_at)
  select u.id, u.organization_id, case when n % 3 = 0 then 'portal' else 'mobile' end,
    case when n % 3 = 0 then 'computer' else 'phone' end, case when n % 3 = 0 then 'Firefox' else 'Pixel ' || n % 10 end,
    'agent ' || n, ('10.' || n % 200 || '.' || n % 7 || '.1')::inet, now() - n * interval '1 minute',
    date_trunc('minute', now()) - (n % 50) * interval '1 minute', now() + interval '30 days'
  from (
    select u.id, u.organization_id, o.slug from meander.users u join meander.organizations o on o.id = u.organization_id
    where u.display_name like 'Volunteer%') u
  cross join lateral generate_series(1, case u.slug when 'hlf' then 100 else 10 end) n;
  insert into meander.refresh_tokens (session_id, organization_id, token_hash, access_jti, access_expires_at)
  select s.id, s.organization_id, sha256(convert_to(s.id::text, 'UTF8')), gen_random_uuid(), now() + interval '14 minutes'
  from meander.sessions s;
  analyze;`

const ids = (stdout: string) => stdout.trim().split('\n').filter(Boolean)

const count = async (condition: string): Promise<number> => {
  const [row] = await server.query<{ n: number }>(
    `select count(*)::integer as n from meander.sessions s join meander.organizations o on o.id = s.organization_id
     where ${condition}`,
    [],
    database,
  )
  return row?.n ?? -1
}

beforeAll(async () => {
  database = await peopledDatabase(server)
  await server.query(crowd, [], database)
  redis = await startRedis()
  env = { DATABASE_URL: server.url('kari', database, password), REDIS_URL: redis.url }
})
afterAll(() => redis?.stop())

test('kari sees the 10,000 sessions of hlf, each once, whatever the page', async () => {
  const everything = await meanderctl(['sessions', 'list', '-o', 'id'], { env })
  expect(everything.stderr).toBe('')
  expect(new Set(ids(everything.stdout)).size).toBe(10_000)
  expect(ids(everything.stdout)).toHaveLength(10_000)

  const paged: string[] = []
  let cursor: string | null = null
  do {
    const args = [
      'sessions',
      'list',
      '--limit',
      '1700',
      '-o',
      'json',
      ...(cursor ? ['--cursor', cursor] : []),
    ]
    const page = JSON.parse((await meanderctl(args, { env })).stdout)
    paged.push(...page.items.map(({ id }: { id: string }) => id))
    cursor = page.nextCursor
  } while (cursor)
  expect(paged).toEqual(ids(everything.stdout))
})

test.each([
  [
    ['--user', 'VOLUNTEER7@hlf.example'],
    `s.user_id = (select id from meander.users where email = 'volunteer7@hlf.example')`,
  ],
  [['--ip', '10.8.0.0/14'], `o.slug = 'hlf' and s.ip << '10.8.0.0/14'`],
  [['--device', 'pixel 4'], `o.slug = 'hlf' and s.device_name = 'Pixel 4'`],
  [
    ['--idle-for', '40m'],
    `o.slug = 'hlf' and s.last_activity_at < clock_timestamp() - interval '40 minutes'`,
  ],
])('%j selects what SQL selects', async (selector, condition) => {
  const listed = await meanderctl(['sessions', 'list', ...selector, '-o', 'id'], { env })
  expect(listed.exitCode).toBe(0)
  const wanted = await count(condition)
  expect(wanted).toBeGreaterThan(50)
  expect(ids(listed.stdout)).toHaveLength(wanted)
})

test('revokes by id, by user and from a pipe; refresh is refused, access tokens are blocked, nhf is untouched', async () => {
  const before = await count(`o.slug <> 'hlf' and s.revoked_at is null`)
  const why = ['--reason', 'lost phone', '--ticket', 'INC-1', '--yes']

  const [one = ''] = ids((await meanderctl(['sessions', 'list', '--limit', '1', '-o', 'id'], { env })).stdout)
  const byId = await meanderctl(['sessions', 'revoke', one, ...why, '-o', 'json'], { env })
  expect(byId.exitCode).toBe(0)
  expect(JSON.parse(byId.stdout)).toMatchObject({
    kind: 'RevocationResult',
    summary: { requested: 1, revoked: 1, refreshTokensRevoked: 1, accessTokensBlocked: 1 },
    blocklist: { mode: 'redis', published: 1, pending: 0 },
    residualAccess: [],
  })
  const byUser = await meanderctl(
    ['sessions', 'revoke', '--user', 'volunteer9@hlf.example', ...why, '-o', 'json'],
    { env },
  )
  expect(JSON.parse(byUser.stdout).summary.revoked).toBe(100)

  const listed = await meanderctl(['sessions', 'list', '--device', 'Pixel 3', '-o', 'id'], { env })
  const fromPipe = await meanderctl(['sessions', 'revoke', '--from', '-', ...why, '-o', 'json'], {
    env,
    input: listed.stdout,
  })
  expect(fromPipe.exitCode).toBe(0)
  expect(JSON.parse(fromPipe.stdout).summary.revoked).toBe(ids(listed.stdout).length)

  const ended = 1 + 100 + ids(listed.stdout).length
  expect(await count(`s.revoked_at is not null`)).toBe(ended)
  expect(await count(`o.slug <> 'hlf' and s.revoked_at is null`)).toBe(before)
  expect(Number(await redis.cli('dbsize'))).toBe(ended)

  const jti = async (id: string) =>
    (
      await server.query<{ access_jti: string }>(
        'select access_jti from meander.refresh_tokens where session_id = $1',
        [id],
        database,
      )
    )[0]?.access_jti ?? ''
  expect((await meanderctl(['blocklist', 'check', await jti(one)], { env })).exitCode).toBe(0)
  await expect(
    server.query(
      `update meander.refresh_tokens set rotated_at = clock_timestamp() where session_id = $1`,
      [one],
      database,
    ),
  ).rejects.toMatchObject({ code: 'MC410' })

  const events = await meanderctl(
    ['audit', 'list', '--ticket', 'INC-1', '--action', 'session.revoked', '-o', 'ndjson'],
    { env },
  )
  expect(ids(events.stdout)).toHaveLength(ended)
  expect(JSON.parse(ids(events.stdout)[0] ?? '')).toMatchObject({
    actor: 'kari',
    actorUserId: people.kari.id,
    reason: 'lost phone',
  })
})

test('a session of nhf and an unknown one answer alike, a malformed id is a usage error', async () => {
  const [foreign] = await server.query<{ id: string }>(
    `select s.id from meander.sessions s join meander.organizations o on o.id = s.organization_id where o.slug = 'nhf' limit 1`,
    [],
    database,
  )
  const answer = async (id: string) => {
    const shown = await meanderctl(['sessions', 'show', id], { env })
    const revoked = await meanderctl(['sessions', 'revoke', id, '--yes', '--reason', 'r'], { env })
    return JSON.stringify([shown, revoked]).replaceAll(id, 'ID')
  }
  const unknown = await answer('99999999-0000-4000-8000-000000000000')
  expect(unknown).toContain('"exitCode":3')
  expect(await answer(foreign?.id ?? '')).toBe(unknown)
  expect((await meanderctl(['sessions', 'show', 'not-a-uuid'], { env })).exitCode).toBe(2)
})

test('asks at a real terminal, and takes no for an answer', async () => {
  const list = ['sessions', 'list', '--user', 'volunteer11@hlf.example', '--limit', '1', '-o', 'id']
  const [id = ''] = ids((await meanderctl(list, { env })).stdout)
  const declined = await runInPty(`${process.execPath} ${bin} sessions revoke ${id} --reason test`, {
    columns: 80,
    rows: 24,
    env,
    input: [{ waitFor: 'Go on?', type: 'n\n' }],
  })
  expect(declined.raw).toContain('volunteer11@')
  expect(declined.raw).toMatch(/1 session of 1 user in\S*\s+\S*hlf will end/)
  expect(declined.exitCode).toBe(9)
  expect(await count(`s.id = '${id}' and s.revoked_at is null`)).toBe(1)
})

test('the demo ends a session in a store of its own, and its profile goes on with it', async () => {
  const home = mkdtempSync(join(tmpdir(), 'meanderctl-demo-'))
  try {
    const own = { HOME: home, XDG_DATA_HOME: home }
    const demo = await meanderctl(['demo'], { env: own })
    expect(demo.exitCode).toBe(0)
    expect(demo.stdout).toMatch(/refresh +accepted/)
    expect(demo.stdout).toMatch(/refresh +REFUSED/)
    expect(demo.stdout).toMatch(/access token REFUSED/)
    expect(demo.stdout).toContain('session.revoked')

    const revoked = await meanderctl(
      ['--profile', 'demo', 'sessions', 'list', '--state', 'revoked', '--all', '-o', 'json'],
      { env: own },
    )
    const lost = JSON.parse(revoked.stdout).items.find(
      ({ userEmail }: { userEmail: string }) => userEmail === 'ingrid.solberg@hlf.example',
    )
    expect(lost).toMatchObject({ state: 'revoked', revokedBy: 'kari' })
    const operators = await meanderctl(['--profile', 'demo', 'operators', 'list', '-o', 'id'], { env: own })
    expect(ids(operators.stdout)).toEqual(['gro', 'kari'])
  } finally {
    rmSync(home, { recursive: true })
  }
})

test('without a database it says what to set', async () => {
  const { exitCode, stderr } = await meanderctl(['sessions', 'list'])
  expect(exitCode).toBe(2)
  expect(stderr).toContain('DATABASE_URL')
})
