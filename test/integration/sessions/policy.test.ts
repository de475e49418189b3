import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins } from '../../support/as-login.ts'
import { everythingOf } from '../../support/bystanders.ts'
import { ended, leftOf, untouched } from '../../support/left-of.ts'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { organizations, people, peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string
let s: NamedSessions<'idle' | 'busy' | 'nils'>

interface Result {
  readonly dryRun: boolean
  readonly changed: boolean
  readonly summary: Record<string, number> & { endNow: { sessions: number; users: number } }
  readonly blocklist: { published: number; pending: number }
  readonly residualAccess: readonly { jti: string }[]
  readonly items: readonly { limit: string; before: string | null; after: string | null }[]
}

const policy = (login: string, argv: readonly string[], options: RunOptions = { redis }) =>
  run(server, database, login, ['sessions', 'policy', ...argv], options)
const act = ['--reason', 'new rules', '--yes', '-o', 'json']
const set = (...argv: string[]) => policy('kari', ['set', ...argv, ...act])
const shown = async (login = 'kari', ...argv: string[]) => {
  const { item } = (await policy(login, ['show', ...argv, '-o', 'json'])).json<{ item: object }>()
  return item
}
const settings = () => server.query('select * from meander.organization_settings', [], database)

beforeEach(async () => {
  database = await peopledDatabase(server)
  s = await seedNamed(server, database, {
    idle: { person: 'mari', activeAgo: '20 minutes' },
    busy: { person: 'ola', activeAgo: '1 minute' },
    nils: { person: 'nils', activeAgo: '20 minutes' },
  })
})
afterAll(closeLogins)

it('refuses to end more sessions than --max-affected at once, changing nothing, dry runs too', async () => {
  const before = await everythingOf(server, database, 'hlf')
  for (const more of [[], ['--dry-run']]) {
    const refused = await set('--absolute-lifetime', '10m', '--max-affected', '1', ...more)
    expect(refused.error()).toMatchObject({
      code: 'REFUSED',
      exitCode: 5,
      message: '2 sessions would end now, --max-affected allows 1: nothing was changed.',
    })
    expect(refused.stdout).toBe('')
  }
  expect(await everythingOf(server, database, 'hlf')).toBe(before)
  expect(await settings()).toEqual([])
  const ended = await set('--absolute-lifetime', '10m', '--max-affected', '2')
  expect(ended.json<Result>().summary.endNow).toEqual({ sessions: 2, users: 2 })
})

describe('policy show', () => {
  it('has no limit at first, but 72 hours of support access', async () => {
    expect(await shown()).toEqual({
      organizationId: organizations.hlf,
      organization: 'hlf',
      idleTimeout: null,
      absoluteLifetime: null,
      maxSupportAccess: '3d',
    })
    expect(await shown('ada', '--org', 'hlf')).toMatchObject({ organization: 'hlf' })
    const { stdout } = await policy('kari', ['show'])
    expect(stdout.replace(/ +/g, ' ')).toMatch(
      /idle timeout off\s+absolute lifetime off\s+longest support access 3d/i,
    )
  })

  it('is within reach only; under a grant it is on the record', async () => {
    for (const [login, organization] of [
      ['kari', 'nhf'],
      ['kari', 'nowhere'],
      ['gro', 'hlf'],
    ] as const)
      expect((await policy(login, ['show', '--org', organization])).code).toBe(3)
    expect((await policy('gro', ['show'])).stderr).toContain('No organization within reach')
    await seedGrant(server, database, 'gro', 'hlf')
    expect(await shown('gro')).toMatchObject({ organization: 'hlf' })
    expect(
      await server.query(
        "select actor from meander.audit_log where details ->> 'function' = 'get_policy'",
        [],
        database,
      ),
    ).toEqual([{ actor: 'gro' }])
  })
})

describe('policy set', () => {
  it('is in force at once, and ends what it cuts off: chain, access tokens, Redis too', async () => {
    const nils = await everythingOf(server, database, 'nhf')
    const ran = await set('--idle-timeout', '15m')
    expect(ran.code).toBe(0)
    expect(ran.json<Result>()).toMatchObject({
      dryRun: false,
      changed: true,
      summary: {
        activeSessions: 2,
        endNow: { sessions: 1, users: 1 },
        endWithinDay: { sessions: 1, users: 1 },
        sessionsRevoked: 1,
        refreshTokensRevoked: 1,
        accessTokensBlocked: 1,
        skipped: 0,
      },
      blocklist: { mode: 'redis', published: 1, pending: 0 },
      residualAccess: [],
      items: [
        { limit: 'idleTimeout', before: null, after: '15m' },
        { limit: 'absoluteLifetime', before: null, after: null },
        { limit: 'maxSupportAccess', before: '3d', after: '3d' },
      ],
    })
    expect(await leftOf(server, database, s.id.idle)).toEqual(ended('idle timeout'))
    expect(await leftOf(server, database, s.id.busy)).toEqual(untouched())
    expect(await everythingOf(server, database, 'nhf')).toBe(nils)
    expect(
      (await run(server, database, 'kari', ['blocklist', 'check', s.jtis.idle[0] ?? ''], { redis })).code,
    ).toBe(0)
    expect(
      await server.query(
        "select action, target_id, reason from meander.audit_log where organization_id = $1 and action not like 'operator.%' order by seq",
        [organizations.hlf],
        database,
      ),
    ).toEqual([
      { action: 'policy.changed', target_id: organizations.hlf, reason: 'new rules' },
      { action: 'session.expired', target_id: s.id.idle, reason: 'new rules' },
    ])
    expect((await set('--idle-timeout', 'off', '--max-support-access', '8h')).code).toBe(0)
    expect(await shown()).toMatchObject({ idleTimeout: null, maxSupportAccess: '8h' })
    expect(await leftOf(server, database, s.id.idle)).toEqual(ended('idle timeout'))
  })

  it('says what is still usable when Redis cannot be told', async () => {
    const ran = await policy('kari', ['set', '--idle-timeout', '15m', ...act], {
      redis: 'redis://127.0.0.1:1',
    })
    expect(ran.code).toBe(8)
    expect(ran.json<Result>()).toMatchObject({
      summary: { sessionsRevoked: 1 },
      blocklist: { published: 0, pending: 1 },
      residualAccess: [{ jti: s.jtis.idle[0], sessionId: s.id.idle }],
    })
    expect(ran.stderr).toContain('meanderctl blocklist sync')
  })

  it('shows numbers, asks, and does nothing when told no', async () => {
    const terminal = async (answer: string) =>
      policy('kari', ['set', '--idle-timeout', '15m', '--reason', 'new rules'], { redis, terminal: [answer] })
    const declined = await terminal('n')
    expect(declined.code).toBe(9)
    expect(declined.stderr).toContain(
      'In hlf, 1 session of 1 user out of 2 active end now, 1 session of 1 user within 24 hours unless they are used. Go on?',
    )
    expect(await settings()).toEqual([])
    expect((await terminal('y')).code).toBe(0)
    expect(await leftOf(server, database, s.id.idle)).toEqual(ended('idle timeout'))
  })

  it('a dry run says the same and changes nothing', async () => {
    const before = await everythingOf(server, database, 'hlf')
    const dry = await policy('kari', ['set', '--idle-timeout', '15m', '-n', '-o', 'json'])
    expect(dry.code).toBe(0)
    expect(dry.json<Result>()).toMatchObject({
      dryRun: true,
      summary: { activeSessions: 2, endNow: { sessions: 1, users: 1 }, sessionsRevoked: 0 },
    })
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
    expect(await settings()).toEqual([])
  })

  it('raises an idle timeout that is too short, and says what is in force', async () => {
    const ran = await set('--idle-timeout', '10s')
    expect(ran.stderr).toContain('the idle timeout is 1m')
    expect(await shown()).toMatchObject({ idleTimeout: '1m' })
  })

  it('is the organization’s own business: refused, also in a dry run, and on the record', async () => {
    await seedGrant(server, database, 'siv', 'hlf')
    for (const [login, code, home, where] of [
      ['ada', 5, 'hlf', ['--org', 'hlf']],
      ['gro', 5, 'platform', []],
      ['siv', 5, 'platform', ['--org', 'hlf']],
      ['nils', 3, 'nhf', ['--org', 'hlf']],
    ] as const) {
      for (const argv of [act, ['--dry-run']]) {
        const ran = await policy(login, ['set', ...where, '--idle-timeout', '15m', ...argv])
        expect({ login, argv, code: ran.code }, ran.stderr).toEqual({ login, argv, code })
      }
      expect(
        await server.query(
          "select action from meander.audit_log where organization_id = $1 and actor = $2 and action = 'policy.set_refused'",
          [organizations[home], login],
          database,
        ),
      ).toHaveLength(2)
    }
    expect((await policy('gro', ['set', '--org', 'hlf', '--idle-timeout', '15m', ...act])).code).toBe(3)
    expect(await settings()).toEqual([])
    expect(await leftOf(server, database, s.id.idle)).toEqual(untouched())
  })

  it('wants to know what, and in words that it understands', async () => {
    expect((await set()).error()).toMatchObject({ code: 'USAGE', message: 'Nothing was named to be set.' })
    for (const wrong of ['never', '0s', '15', '-5m', '101 years'])
      expect((await set('--idle-timeout', wrong)).code).toBe(2)
    expect((await policy('kari', ['set', '--idle-timeout', '1h'])).code).toBe(2)
    expect((await policy('kari', [])).code).toBe(2)
  })

  it('with a request id runs at most once', async () => {
    const request = ['--request-id', randomUUID()]
    const first = await set('--idle-timeout', '15m', ...request)
    expect((await set('--idle-timeout', 'off')).code).toBe(0)
    const again = await set('--idle-timeout', '15m', ...request)
    expect(again).toMatchObject({ code: 0 })
    expect(again.json()).toEqual(first.json())
    expect(await shown()).toMatchObject({ idleTimeout: null })
    expect((await set('--idle-timeout', '16m', ...request)).code).toBe(2)
  })

  it('decides by the database’s clock: a year off on the operator’s machine changes nothing', async () => {
    for (const year of [-1, 1]) {
      const now = () => new Date(Date.now() + year * 365 * 86_400_000)
      const ran = await policy('kari', ['set', '--idle-timeout', '15m', '-n', '-o', 'json'], { redis, now })
      expect(ran.json<Result>().summary.endNow).toEqual({ sessions: 1, users: 1 })
    }
  })
})

describe('an idle timeout of 15 minutes on 20,000 active sessions', () => {
  it('ends exactly as many as were foretold; logins, activity and refresh of the others go on', async () => {
    // 20,000 active ones, 9,000 of them idle for longer than the timeout, and 500 that had ended before.
    await server.query(
      `set session_replication_role = replica;
       delete from meander.refresh_tokens; delete from meander.sessions;
       insert into meander.sessions (user_id, organization_id, kind, device_type, created_at, last_activity_at, expires_at)
       select case when n % 3 = 0 then '${people.ola.id}' else '${people.mari.id}' end::uuid, '${organizations.hlf}', 'mobile',
         case when n % 7 = 0 then null else 'phone' end, now() - interval '2 days',
         now() - case when n % 20 < 9 then interval '20 minutes' else interval '5 minutes' end,
         now() + case when n <= 20000 then interval '30 days' else interval '-1 minute' end
       from generate_series(1, 20500) as n;
       insert into meander.refresh_tokens (session_id, organization_id, token_hash, access_jti, access_expires_at)
       select id, organization_id, sha256(id::text::bytea), gen_random_uuid(), now() + interval '10 minutes' from meander.sessions;
       reset session_replication_role; analyze meander.sessions; analyze meander.refresh_tokens`,
      [],
      database,
    )
    const foretold = (
      await policy('kari', ['set', '--idle-timeout', '15m', '-n', '-o', 'json'])
    ).json<Result>().summary
    expect(foretold).toMatchObject({
      activeSessions: 20_000,
      endNow: { sessions: 9000, users: 2 },
      endWithinDay: { sessions: 11_000, users: 2 },
    })
    const ran = await set('--idle-timeout', '15m')
    expect(ran.code).toBe(0)
    expect(ran.json<Result>().summary).toMatchObject({
      endNow: foretold.endNow,
      sessionsRevoked: 9500,
      skipped: 0,
    })

    // Every one of them tries to refresh, as the Authentication Module does it.
    const auth = await asLogin(server, database, 'auth')
    await auth.rows(`
      create temp table tried (session_id uuid, refreshed boolean);
      do $$
      declare
        v_token record;
      begin
        for v_token in select t.id, t.session_id from meander.refresh_tokens t loop
          begin
            update meander.refresh_tokens set rotated_at = clock_timestamp() where id = v_token.id;
            insert into tried values (v_token.session_id, true);
          exception when sqlstate 'MC410' then
            insert into tried values (v_token.session_id, false);
          end;
        end loop;
      end $$`)
    expect(await auth.rows('select refreshed, count(*) from tried group by 1 order by 1')).toEqual([
      { refreshed: 'f', count: String(foretold.endNow.sessions + 500) },
      { refreshed: 't', count: '11000' },
    ])
    await auth.rows(
      'update meander.sessions set last_activity_at = clock_timestamp() where id in (select session_id from tried where refreshed)',
    )
    await auth.rows(
      `insert into meander.sessions (user_id, organization_id, kind, expires_at) values ($1, $2, 'portal', now() + interval '1 day')`,
      [people.ola.id, organizations.hlf],
    )
    expect((await set('--idle-timeout', '15m')).json<Result>()).toMatchObject({
      changed: false,
      summary: { activeSessions: 11_001, endNow: { sessions: 0, users: 0 }, sessionsRevoked: 0 },
    })
  })
})
