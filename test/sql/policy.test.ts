import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, closeLoginsBut, type Login } from '../support/as-login.ts'
import { everythingOf } from '../support/bystanders.ts'
import { organizations, people, peopledDatabase, seedGrant, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'

/** What the database does when an organization sets when its sessions end, whoever asks. */

const server = postgresAt(inject('postgres'))
let database: string
let root: Login
let kari: Login
let auth: Login

beforeAll(async () => {
  database = await peopledDatabase(server)
  root = await asLogin(server, database, server.superuser)
  kari = await asLogin(server, database, 'kari')
  auth = await asLogin(server, database, 'auth')
})
afterEach(async () => {
  await root.rows('delete from meander.organization_settings')
  await closeLoginsBut(root, kari, auth)
})
afterAll(closeLogins)

const set = (changes: unknown, organization: string | null = null): [string, unknown[]] => [
  'select meander.set_policy($1, $2, $3, $4, null)',
  [organization, JSON.stringify(changes), 'new rules', 'HLF-9'],
]
const told = async (login: Login, call: [string, unknown[]]) => JSON.parse((await login.value(...call)) ?? '')
const stored = async (organization: keyof typeof organizations = 'hlf') =>
  (
    await root.rows(
      'select idle_timeout, absolute_lifetime, max_support_access from meander.organization_settings where organization_id = $1',
      [organizations[organization]],
    )
  )[0]
const lastEvent = async (organization: keyof typeof organizations) => {
  const [event] = await root.rows<{ details: string; action: string; target_id: string }>(
    'select actor, action, target_type, target_id, reason, ticket, details from meander.audit_log where organization_id = $1 order by seq desc limit 1',
    [organizations[organization]],
  )
  return event && { ...event, details: JSON.parse(event.details) }
}

describe('an org admin', () => {
  it('sets limits one by one, and each is on the record with what was before', async () => {
    expect(await told(kari, set({ idleTimeout: 'PT900S' }))).toMatchObject({
      organization: 'hlf',
      changed: true,
      idleTimeoutRaised: false,
      prior: { idleTimeout: null, absoluteLifetime: null, maxSupportAccess: '3d' },
      policy: { idleTimeout: '15m', absoluteLifetime: null, maxSupportAccess: '3d' },
    })
    await kari.rows(...set({ absoluteLifetime: 'PT93784S', maxSupportAccess: 'PT28800S' }, 'hlf'))
    expect(await lastEvent('hlf')).toMatchObject({
      actor: 'kari',
      action: 'policy.changed',
      target_type: 'organization',
      target_id: organizations.hlf,
      reason: 'new rules',
      ticket: 'HLF-9',
      details: {
        prior: { idleTimeout: '15m', absoluteLifetime: null, maxSupportAccess: '3d' },
        policy: { idleTimeout: '15m', absoluteLifetime: '1d2h3m4s', maxSupportAccess: '8h' },
      },
    })
    await kari.rows(...set({ idleTimeout: null }, organizations.hlf))
    expect(await stored()).toEqual({
      idle_timeout: null,
      absolute_lifetime: '26:03:04',
      max_support_access: '08:00:00',
    })
  })

  it('changes nothing by saying the same again', async () => {
    await kari.rows(...set({ idleTimeout: 'PT900S' }))
    const before = await lastEvent('hlf')
    expect(await told(kari, set({ idleTimeout: 'PT900S' }))).toMatchObject({ changed: false })
    expect(await lastEvent('hlf')).toEqual(before)
    expect(await root.value("select count(*) from meander.audit_log where action = 'policy.changed'")).toBe(
      '4',
    )
  })

  it('gets no idle timeout that activity cannot be told from', async () => {
    for (const short of ['PT1S', 'PT59S'])
      expect(await told(kari, set({ idleTimeout: short }))).toMatchObject({
        idleTimeoutRaised: true,
        policy: { idleTimeout: '1m' },
      })
    expect(await told(kari, set({ idleTimeout: 'PT60S' }))).toMatchObject({ idleTimeoutRaised: false })
    expect(await told(kari, set({ absoluteLifetime: 'PT1S' }))).toMatchObject({
      policy: { absoluteLifetime: '1s' },
    })
  })

  it('says what a limit is, or changes nothing', async () => {
    const wrong = [
      {},
      { idle: 'PT1H' },
      { idleTimeout: 'soon' },
      { idleTimeout: '' },
      { idleTimeout: 'PT0S' },
      { idleTimeout: 'PT-1H' },
      { absoluteLifetime: 'PT0.5S' },
      { absoluteLifetime: 'P101Y' },
      { absoluteLifetime: 'P99999999999Y' },
      { absoluteLifetime: 'infinity' },
      { maxSupportAccess: { hours: 1 } },
      [],
      'PT1H',
      7,
    ]
    for (const changes of wrong) await kari.fails('MC400', ...set(changes))
    for (const argument of ['null', "'null'"])
      await kari.fails('MC400', `select meander.set_policy(null, ${argument}, 'x', null, null)`)
    await kari.fails('MC400', `select meander.set_policy(null, '{"idleTimeout": null}', null, null, null)`)
    await kari.rows('begin isolation level repeatable read')
    await kari.fails('MC412', ...set({ idleTimeout: 'PT1H' }))
    await kari.rows('rollback')
    expect(await stored()).toBeUndefined()
  })

  it('means the same whatever the session’s settings: a day is 24 hours', async () => {
    const login = await asLogin(server, database, 'kari')
    await login.rows(
      "set timezone = 'Europe/Oslo'; set datestyle = 'German, DMY'; set intervalstyle = 'sql_standard'",
    )
    expect(await told(login, set({ absoluteLifetime: 'P30D', idleTimeout: 'P1M' }))).toMatchObject({
      policy: { absoluteLifetime: '30d', idleTimeout: '30d' },
    })
    expect(await stored()).toMatchObject({ absolute_lifetime: '720:00:00', idle_timeout: '720:00:00' })
    // Over the change to summer time 30 days are not 720 hours by the clock on the wall.
    const end = (zone: string) =>
      root.value(
        `set timezone = '${zone}'; select extract(epoch from meander.session_effective_end('infinity',
           '2026-03-20T12:00:00Z', '2026-03-20T12:00:00Z', p.absolute_lifetime, null, null, null))
         from meander.organization_settings p`,
      )
    expect(await end('Europe/Oslo')).toBe(await end('UTC'))
    await root.rows('reset timezone')
  })
})

describe('nobody else', () => {
  it.each([
    ['ada', 'hlf', 'MC403', 'the role of this operator may not change this'],
    ['gro', 'platform', 'MC403', 'only the organization itself sets its policy'],
    ['nils', 'nhf', 'MC404', 'no such organization within your reach'],
  ] as const)('%s is refused for hlf, and it is on the record', async (name, home, sqlstate, message) => {
    const before = await stored()
    const login = await asLogin(server, database, name)
    expect(await told(login, set({ idleTimeout: 'PT60S' }, 'hlf'))).toEqual({
      refused: { sqlstate, message },
    })
    expect(await lastEvent(home)).toMatchObject({
      actor: name,
      action: 'policy.set_refused',
      target_id: 'hlf',
      details: { refused: sqlstate },
    })
    expect(await stored()).toEqual(before)
  })

  it('under a grant either, once that is on hlf’s record', async () => {
    await seedGrant(server, database, 'siv', 'hlf')
    const siv = await asLogin(server, database, 'siv')
    const changes = { idleTimeout: 'PT60S' }
    await siv.fails('MC428', ...set(changes, 'hlf'))
    await siv.rows("select meander.record_intent('hlf', 'set_policy', $1, 'why not', null)", [
      JSON.stringify({ organization: 'hlf', changes }),
    ])
    expect(await told(siv, set(changes, 'hlf'))).toMatchObject({ refused: { sqlstate: 'MC403' } })
    expect(await stored()).toBeUndefined()
  })

  it('who is no operator', async () => {
    for (const login of ['stranger', 'auth', 'publisher', 'directory', 'admin'])
      await (await asLogin(server, database, login)).fails('42501', ...set({ idleTimeout: 'PT60S' }))
  })

  it('is touched by it', async () => {
    await seedSessions(server, database, [{ person: 'per', activeAgo: '2 days' }, { person: 'mari' }])
    const before = await everythingOf(server, database, 'nhf')
    await kari.rows(...set({ idleTimeout: 'PT60S' }))
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
    expect(await stored('nhf')).toBeUndefined()
  })
})

describe('the policy is in force at once', () => {
  const rotate = async (session: string): Promise<[string, unknown[]]> => [
    'update meander.refresh_tokens set rotated_at = clock_timestamp() where session_id = $1 and rotated_at is null',
    [session],
  ]
  const touch = (session: string): [string, unknown[]] => [
    'update meander.sessions set last_activity_at = clock_timestamp() where id = $1',
    [session],
  ]

  it('for old sessions, in open transactions and for the Authentication Module', async () => {
    const [idle, busy] = await seedSessions(server, database, [
      { person: 'ola', activeAgo: '20 minutes' },
      { person: 'ola', activeAgo: '1 minute' },
    ])
    await auth.rows('begin')
    expect(await auth.value('select meander.access_token_deadline($1)', [idle?.id])).not.toBeNull()
    await kari.rows(...set({ idleTimeout: 'PT900S' }))
    expect(await auth.value('select meander.access_token_deadline($1)', [idle?.id])).toBeNull()
    await auth.rows('rollback')
    await auth.fails('MC410', ...(await rotate(idle?.id ?? '')))
    await auth.fails('MC410', ...touch(idle?.id ?? ''))
    await auth.rows(...touch(busy?.id ?? ''))
    await auth.rows(...(await rotate(busy?.id ?? '')))
  })

  it('lowers the end of a new session, and refuses an access token past it', async () => {
    await kari.rows(...set({ absoluteLifetime: 'PT300S' }))
    const session = await auth.value(
      `insert into meander.sessions (user_id, organization_id, kind, expires_at)
       values ($1, $2, 'mobile', clock_timestamp() + interval '30 days') returning id`,
      [people.ola.id, organizations.hlf],
    )
    expect(
      await root.value(
        "select expires_at = created_at + interval '5 minutes' from meander.sessions where id = $1",
        [session],
      ),
    ).toBe('t')
    const token = (minutes: number): [string, unknown[]] => [
      `insert into meander.refresh_tokens (session_id, organization_id, token_hash, access_jti, access_expires_at)
       values ($1, $2, $3, gen_random_uuid(), clock_timestamp() + $4 * interval '1 minute')`,
      [session, organizations.hlf, randomBytes(32), minutes],
    ]
    await auth.fails('MC422', ...token(6))
    await auth.rows(...token(4))
  })

  it('ends a session at the very microsecond, for the state and for the sweep', async () => {
    const at = '2026-01-31T12:00:00.000001Z'
    const state = (moment: string) =>
      root.value('select meander.session_state(null, $1::timestamptz, $2::timestamptz)', [at, moment])
    expect(await state('2026-01-31T12:00:00.000000Z')).toBe('active')
    expect(await state(at)).toBe('expired')
    expect(await state('2026-01-31T12:00:00.000002Z')).toBe('expired')
    expect(
      await root.value(
        `select meander.session_effective_end($1, '-infinity'::timestamptz + '1s', now(), null, null, $1, null) = $1::timestamptz`,
        [at],
      ),
    ).toBe('t')
  })

  it('counts what it ends as the sessions themselves decide, support sessions too', async () => {
    await root.rows(
      'begin; set local session_replication_role = replica; delete from meander.refresh_tokens; delete from meander.sessions; commit',
    )
    const grant = await seedGrant(server, database, 'gro', 'hlf', '2 hours')
    await seedSessions(server, database, [
      {
        person: 'ola',
        activeAgo: '20 minutes',
        deviceType: null,
        deviceName: null,
        userAgent: null,
        ip: null,
      },
      { person: 'ola', activeAgo: '20 minutes' },
      { person: 'mari', activeAgo: '20 minutes', expiresIn: '-1 second' },
      { person: 'mari', activeAgo: '1 minute' },
      { person: 'gro', organization: 'hlf', grant, activeAgo: '1 minute' },
      { person: 'per', activeAgo: '20 minutes' },
    ])
    expect(await told(kari, set({ idleTimeout: 'PT900S' }))).toMatchObject({
      activeSessions: 4,
      endNow: { sessions: 2, users: 1 },
      endWithinDay: { sessions: 2, users: 2 },
    })
    // Loosened again: nothing ends now, and within a day only what the grant ends.
    expect(await told(kari, set({ idleTimeout: null }))).toMatchObject({
      activeSessions: 2,
      endNow: { sessions: 0, users: 0 },
      endWithinDay: { sessions: 1, users: 1 },
    })
  })
})
