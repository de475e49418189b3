import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins } from '../../support/as-login.ts'
import { everythingOf } from '../../support/bystanders.ts'
import { ended, leftOf, untouched } from '../../support/left-of.ts'
import { organizations, people, peopledDatabase, seedGrant, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string

interface Result {
  readonly dryRun: boolean
  readonly summary: Record<string, number>
  readonly purged: Record<string, number> | null
  readonly items: readonly { reason: string; sessions: number }[]
}

const sweep = (login: string, argv: readonly string[] = [], options: RunOptions = { redis }) =>
  run(
    server,
    database,
    login,
    ['sessions', 'sweep', ...argv, '--reason', 'nightly', '--yes', '-o', 'json'],
    options,
  )
const query = <R extends object = Record<string, unknown>>(text: string, values: readonly unknown[] = []) =>
  server.query<R>(text, values, database)
/** Statements past every trigger, as time alone would bring them about. */
const past = (text: string) => query(`set session_replication_role = replica; ${text}`)
const events = (organization: keyof typeof organizations = 'hlf', action = 'session.expired') =>
  query<{ target_id: string; details: { cause: string } }>(
    'select actor, target_type, target_id, reason, details from meander.audit_log where organization_id = $1 and action = $2 order by seq',
    [organizations[organization], action],
  )
const setPolicy = (columns: string, values: string) =>
  query(
    `insert into meander.organization_settings (organization_id, ${columns}) values ('${organizations.hlf}', ${values})`,
  )
/** A grant of gro's that ended an hour ago, by itself or by hand. */
const endedGrant = async (how: 'expired' | 'revoked') => {
  const id = await seedGrant(server, database, 'gro', 'hlf')
  const end = how === 'expired' ? 'expires_at' : 'revoked_at'
  const by = how === 'revoked' ? ", revoked_by = 'kari'" : ''
  await past(
    `update meander.support_access_grants set created_at = now() - interval '2 hours', ${end} = now() - interval '1 hour'${by} where id = '${id}'`,
  )
  return id
}

beforeEach(async () => {
  database = await peopledDatabase(server)
})
afterAll(closeLogins)

describe('sweep', () => {
  it('ends what has ended, each session for its own reason and with an event of its own', async () => {
    await setPolicy('idle_timeout, absolute_lifetime', "'1 hour', '10 days'")
    const nothing = { deviceType: null, deviceName: null, userAgent: null, ip: null }
    const seeds = [
      { cause: 'idle timeout', seed: { person: 'mari', activeAgo: '2 hours', chain: 3 } },
      { cause: 'idle timeout', seed: { person: 'mari', activeAgo: '2 hours', ...nothing } },
      { cause: 'absolute lifetime', seed: { person: 'ola', createdAgo: '11 days' } },
      { cause: 'expired', seed: { person: 'ola', expiresIn: '-1 second' } },
      {
        cause: 'grant ended',
        seed: { person: 'gro', organization: 'hlf', grant: await endedGrant('expired') },
      },
      {
        cause: 'grant revoked',
        seed: { person: 'gro', organization: 'hlf', grant: await endedGrant('revoked') },
      },
    ] as const
    const made = await seedSessions(
      server,
      database,
      seeds.map(({ seed }) => seed),
    )
    const [live, foreign] = await seedSessions(server, database, [
      { person: 'mari', ...nothing },
      { person: 'per', expiresIn: '-1 hour' },
    ])
    const before = await everythingOf(server, database, 'nhf')

    const ran = await sweep('kari', ['--batch-size', '2'])
    expect(ran.code).toBe(0)
    expect(ran.json<Result>()).toMatchObject({
      dryRun: false,
      requestId: null,
      summary: { sessionsRevoked: 6, refreshTokensRevoked: 6, accessTokensBlocked: 8, skipped: 0 },
      purged: null,
      blocklist: { mode: 'redis', published: 8, pending: 0 },
      residualAccess: [],
      items: [
        { reason: 'idle timeout', sessions: 2 },
        { reason: 'absolute lifetime', sessions: 1 },
        { reason: 'expired', sessions: 1 },
        { reason: 'grant ended', sessions: 1 },
        { reason: 'grant revoked', sessions: 1 },
      ],
    })
    for (const [index, { cause }] of seeds.entries())
      expect(await leftOf(server, database, made[index]?.id ?? '')).toEqual(ended(cause))
    expect(await leftOf(server, database, live?.id ?? '')).toEqual(untouched())
    expect(await leftOf(server, database, foreign?.id ?? '')).toEqual(untouched())
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
    const recorded = await events()
    expect(new Map(recorded.map(({ target_id, details }) => [target_id, details.cause]))).toEqual(
      new Map(seeds.map(({ cause }, index) => [made[index]?.id, cause])),
    )
    expect(recorded).toHaveLength(6)
    expect(recorded[0]).toMatchObject({ actor: 'kari', target_type: 'session', reason: 'nightly' })

    expect((await sweep('kari')).json<Result>()).toMatchObject({ summary: { sessionsRevoked: 0 }, items: [] })
    expect(await events()).toHaveLength(6)
  })

  it('a dry run counts the same and changes nothing', async () => {
    await seedSessions(
      server,
      database,
      Array.from({ length: 7 }, () => ({ person: 'mari', expiresIn: '-1 hour' })),
    )
    const before = await everythingOf(server, database, 'hlf')
    const dry = await sweep('kari', ['--batch-size', '3', '-n'])
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
    const real = await sweep('kari', ['--batch-size', '3'])
    expect(dry.json<Result>().summary).toEqual(real.json<Result>().summary)
    expect(dry.json<Result>()).toMatchObject({ dryRun: true, summary: { sessionsRevoked: 7 } })
  })

  it('more than --max-affected allows are refused, and nothing is changed', async () => {
    await seedSessions(server, database, [
      ...Array.from({ length: 3 }, () => ({ person: 'mari', expiresIn: '-1 hour' }) as const),
      { person: 'per', expiresIn: '-1 hour' },
    ])
    const both = async () => [
      await everythingOf(server, database, 'hlf'),
      await everythingOf(server, database, 'nhf'),
    ]
    const before = await both()
    for (const dry of [[], ['--dry-run']]) {
      const ran = await sweep('kari', ['--max-affected', '2', ...dry])
      expect(ran.code).toBe(5)
      expect(ran.error()).toMatchObject({
        code: 'REFUSED',
        message: '3 sessions would be swept, --max-affected allows 2: nothing was changed.',
      })
    }
    expect(await both()).toEqual(before)
    const ran = await sweep('kari', ['--max-affected', '3'])
    expect([ran.code, ran.json<Result>().summary.sessionsRevoked]).toEqual([0, 3])
  })

  it('by two at once ends each session once', async () => {
    await past(
      `insert into meander.sessions (user_id, organization_id, kind, created_at, last_activity_at, expires_at)
       select '${people.ola.id}', '${organizations.hlf}', 'mobile', now() - interval '2 days',
         now() - (n / 4) * interval '1 second', now() - interval '1 hour' from generate_series(1, 400) as n`,
    )
    const both = await Promise.all([
      sweep('kari', ['--batch-size', '10']),
      sweep('admin', ['--batch-size', '10']),
      sweep('kari', ['--batch-size', '10']),
    ])
    expect(both.map(({ code }) => code)).toEqual([0, 0, 0])
    const swept = both.map((ran) => ran.json<Result>().summary)
    expect(swept.reduce((sum, { sessionsRevoked = 0 }) => sum + sessionsRevoked, 0)).toBe(400)
    const targets = (await events()).map(({ target_id }) => target_id)
    expect([targets.length, new Set(targets).size]).toEqual([400, 400])
  })

  it('waits for nobody: what a rotation holds is left, and is in the next sweep', async () => {
    await setPolicy('idle_timeout', "'1 hour'")
    const [held, free, touched] = await seedSessions(server, database, [
      { person: 'mari', activeAgo: '2 hours' },
      { person: 'mari', activeAgo: '3 hours' },
      { person: 'mari', activeAgo: '4 hours' },
    ])
    const root = await asLogin(server, database, server.superuser)
    await root.rows('begin')
    await root.rows('select from meander.refresh_tokens where session_id = $1 for update', [held?.id])
    await root.rows('select from meander.sessions where id = $1 for share', [touched?.id])
    const ran = await sweep('kari')
    expect(ran.json<Result>().summary).toMatchObject({ sessionsRevoked: 1, skipped: 2 })
    expect(ran.stderr).toContain('the next sweep has them')
    expect(await leftOf(server, database, free?.id ?? '')).toEqual(ended('idle timeout'))
    expect(await leftOf(server, database, held?.id ?? '')).toEqual(untouched())
    await root.rows('rollback')
    expect((await sweep('kari')).json<Result>().summary).toMatchObject({ sessionsRevoked: 2, skipped: 0 })
  })

  it('means the same whatever the caller’s time zone is', async () => {
    await setPolicy('idle_timeout', "'1 hour'")
    await seedSessions(server, database, [
      { person: 'mari', activeAgo: '59 minutes' },
      { person: 'mari', activeAgo: '61 minutes' },
    ])
    const kari = await asLogin(server, database, 'kari')
    await kari.rows("set timezone = 'Asia/Kolkata'; set datestyle = 'German, DMY'")
    const swept = JSON.parse(
      (await kari.value('select meander.sweep_sessions(null, null, 1, $1, null, null)', ['nightly'])) ?? '',
    )
    expect(swept).toMatchObject({ swept: 1, reasons: { 'idle timeout': 1 } })
    const next = await kari.value('select meander.sweep_sessions(null, $1, 1, $2, null, null)', [
      JSON.stringify(swept.after),
      'nightly',
    ])
    expect(JSON.parse(next ?? '')).toMatchObject({ swept: 0, skipped: 0, after: null })
    for (const after of [
      '{"organization": "x"}',
      '{"at": "soon"}',
      '{"at": 99999999999999999999}',
      '{"o": 1}',
      '[]',
    ])
      await kari.fails('MC400', 'select meander.sweep_sessions(null, $1, 1, $2, null, null)', [
        after,
        'nightly',
      ])
    for (const limit of [0, 10_001, null])
      await kari.fails('MC400', 'select meander.sweep_sessions(null, null, $1, $2, null, null)', [
        limit,
        'nightly',
      ])
  })

  it.each(['kari', 'admin'])('with a request id returns %s the first result', async (login) => {
    const seed = () => seedSessions(server, database, [{ person: 'mari', expiresIn: '-1 hour' }])
    await seed()
    const request = ['--request-id', randomUUID()]
    const first = await sweep(login, request)
    expect(first.json<Result>().summary).toMatchObject({ sessionsRevoked: 1 })
    await seed()
    expect((await sweep(login, request)).json()).toEqual(first.json())
    expect((await sweep('kari')).json<Result>().summary).toMatchObject({ sessionsRevoked: 1 })
  })
})

describe('who may sweep what', () => {
  beforeEach(async () => {
    await seedSessions(server, database, [
      { person: 'mari', expiresIn: '-1 hour' },
      { person: 'per', expiresIn: '-1 hour' },
    ])
  })

  it('an administrator everything, or one organization', async () => {
    const before = await everythingOf(server, database, 'hlf')
    expect((await sweep('admin', ['--org', 'nhf'])).json<Result>().summary).toMatchObject({
      sessionsRevoked: 1,
    })
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
    expect((await sweep('admin')).json<Result>()).toMatchObject({
      summary: { sessionsRevoked: 1 },
      blocklist: { published: 1, pending: 0 },
    })
    expect(await events()).toMatchObject([{ actor: 'admin' }])
    expect((await sweep('admin', ['--org', 'nowhere'])).code).toBe(3)
  })

  it('a global admin under a grant, on the organization’s record', async () => {
    await seedGrant(server, database, 'gro', 'hlf')
    const before = await everythingOf(server, database, 'nhf')
    expect((await sweep('gro', ['--org', 'nhf'])).code).toBe(3)
    expect((await sweep('gro')).json<Result>().summary).toMatchObject({ sessionsRevoked: 1 })
    expect(await events('hlf', 'intent.recorded')).toMatchObject([
      { actor: 'gro', reason: 'nightly', details: { function: 'sweep_sessions', arguments: {} } },
    ])
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
  })

  it.each([
    ['ada', 5, 'hlf', []],
    ['gro', 3, 'platform', []],
    ['nils', 3, 'nhf', ['--org', 'hlf']],
    ['nils', 3, 'nhf', ['--org', 'nowhere']],
  ] as const)('%s is refused (%s), on the record of %s', async (login, code, home, argv) => {
    const before = await query('select * from meander.sessions order by id')
    expect((await sweep(login, argv)).code).toBe(code)
    expect((await sweep(login, [...argv, '--dry-run'])).code).toBe(code)
    expect(await events(home, 'session.sweep_refused')).toMatchObject([{ actor: login }, { actor: login }])
    expect(await query('select * from meander.sessions order by id')).toEqual(before)
  })

  it('whoever is asked to and cannot be asked says --yes', async () => {
    expect((await run(server, database, 'kari', ['sessions', 'sweep'])).code).toBe(2)
    const asked = await run(server, database, 'kari', ['sessions', 'sweep', '--reason', 'x'], {
      terminal: ['n'],
    })
    expect(asked.code).toBe(9)
    expect(await events()).toEqual([])
  })
})

describe('--purge-after', () => {
  const counts = async () =>
    (
      await query(`select (select count(*)::int from meander.sessions) as sessions,
        (select count(*)::int from meander.refresh_tokens) as tokens, (select count(*)::int from meander.token_blocklist) as blocked,
        (select count(*)::int from meander.requests) as requests, (select count(*)::int from meander.intents) as intents`)
    )[0]
  /** Links of all chains that do not follow from the one before. */
  const brokenLinks = () =>
    query(`select organization_id, seq from (
        select *, lag(hash) over chain as previous, lag(seq) over chain as position,
          meander.audit_hash(prev_hash, organization_id, seq, at, array[actor, actor_user_id::text, action, target_type,
            target_id, reason, ticket, request_id::text, details::text]) as computed
        from meander.audit_log window chain as (partition by organization_id order by seq)) as links
      where hash <> computed or prev_hash <> coalesce(previous, decode(repeat('00', 32), 'hex')) or seq <> coalesce(position, 0) + 1`)

  it('deletes what ended longer ago, whole, and never an event', async () => {
    await seedGrant(server, database, 'gro', 'hlf')
    const old = await seedSessions(server, database, [
      { person: 'mari', createdAgo: '90 days', chain: 3 },
      { person: 'ola', createdAgo: '80 days' },
      { person: 'per', createdAgo: '80 days' },
    ])
    const [recent] = await seedSessions(server, database, [
      { person: 'mari', createdAgo: '90 days' },
      { person: 'ola', createdAgo: '90 days', activeAgo: '60 days' },
    ])
    const revoke = (login: string, id: string | undefined, ...argv: string[]) =>
      run(server, database, login, ['sessions', 'revoke', id ?? '', '--reason', 'lost', '--yes', ...argv], {
        redis,
      })
    await revoke('kari', old[0]?.id, '--request-id', randomUUID())
    await revoke('gro', old[1]?.id)
    await revoke('nils', old[2]?.id)
    await past(`update meander.sessions set revoked_at = now() - interval '40 days' where revoked_at is not null;
      update meander.token_blocklist set expires_at = now() - interval '40 days', created_at = now() - interval '40 days';
      update meander.requests set created_at = now() - interval '40 days';
      update meander.intents set created_at = now() - interval '40 days'`)
    await revoke('kari', recent?.id, '--request-id', randomUUID())
    const record = await query('select * from meander.audit_log order by organization_id, seq')
    const before = await counts()
    expect(before).toMatchObject({ sessions: 5, tokens: 7, blocked: 6, requests: 2 })
    const intents = Number(before?.intents)
    expect(intents).toBeGreaterThan(0)

    const dry = await sweep('admin', ['--purge-after', '30d', '-n'])
    expect(dry.json<Result>().purged).toMatchObject({ sessions: 3, refreshTokens: 5, blockedTokens: 5 })
    expect(await counts()).toEqual(before)
    const ran = await sweep('admin', ['--purge-after', '30d', '--batch-size', '1'])
    expect(ran.code).toBe(0)
    expect(ran.json<Result>().purged).toEqual({
      sessions: 3,
      refreshTokens: 5,
      blockedTokens: 5,
      requests: 1,
      intents,
    })
    expect(await counts()).toEqual({ sessions: 2, tokens: 2, blocked: 1, requests: 1, intents: 0 })
    expect(await leftOf(server, database, recent?.id ?? '')).toEqual(ended('lost'))

    const after = await query('select * from meander.audit_log order by organization_id, seq')
    for (const event of record) expect(after).toContainEqual(event)
    expect(await events('hlf', 'session.purged')).toMatchObject([
      { actor: 'admin', reason: 'nightly', details: { sessions: 1, refreshTokens: 3 } },
      { actor: 'admin', details: { sessions: 1, refreshTokens: 1 } },
    ])
    expect(await events('nhf', 'session.purged')).toHaveLength(1)
    expect(await events('platform', 'request.purged')).not.toEqual([])
    expect(await brokenLinks()).toEqual([])
  })

  it('is the administrator’s, and for nothing younger than a day', async () => {
    await seedSessions(server, database, [{ person: 'mari', expiresIn: '-1 hour' }])
    const before = await counts()
    for (const [login, age, code] of [
      ['kari', '30d', 5],
      ['ada', '30d', 5],
      ['gro', '30d', 5],
      ['admin', '23h', 2],
      ['admin', 'never', 2],
    ] as const)
      expect({ login, age, code: (await sweep(login, ['--purge-after', age])).code }).toEqual({
        login,
        age,
        code,
      })
    expect(await counts()).toEqual({ ...before, blocked: 1 })
    await (await asLogin(server, database, 'kari')).fails(
      '42501',
      "select meander.purge_sessions('P30D', null, 1, 'x', null)",
    )
    const admin = await asLogin(server, database, 'admin')
    for (const age of ["'1 day'", "'P99999999Y'", "'2020-01-01'", 'null', "'-P1D'"])
      await admin.fails('MC400', `select meander.purge_sessions(${age}, null, 1, 'x', null)`)
  })
})
