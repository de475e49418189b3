import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, type Login } from '../support/as-login.ts'
import { everythingOf } from '../support/bystanders.ts'
import {
  emailOf,
  organizations,
  people,
  peopledDatabase,
  seedGrant,
  seedSessions,
} from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'

/** Support access as psql sees it: who gives it, what it opens, and that it is over at its end for everybody. */

const server = postgresAt(inject('postgres'))
let database: string
let root: Login
let kari: Login
let gro: Login

const create = (
  login: Login,
  {
    to = emailOf('gro'),
    expires = 'PT1H',
    organization = null as string | null,
    reason = 'support case',
  } = {},
) =>
  login
    .value('select meander.create_grant($1, $2, $3, $4, $5, null)', [
      organization,
      to,
      expires,
      reason,
      'CASE-7',
    ])
    .then((told) => JSON.parse(told ?? ''))
const revoke = (login: Login, ...grants: string[]) =>
  login
    .value('select meander.revoke_grants($1, $2, null, null)', [grants, 'done'])
    .then((told) => JSON.parse(told ?? ''))
const outcomes = async (login: Login, ...grants: string[]): Promise<string[]> =>
  (await revoke(login, ...grants)).items.map(({ outcome }: { outcome: string }) => outcome)
const intend = (name: string, args: object, login = gro) =>
  login.rows('select * from meander.record_intent($1, $2, $3, $4, $5)', [
    null,
    name,
    JSON.stringify(args),
    'looking',
    null,
  ])
const list = "select id from meander.list_sessions('{}', 'created', null, null, 100)"
/** Its connection was ended, whether it has heard so yet or not. */
const gone = (login: Login) =>
  expect(login.value('select 1')).rejects.toThrow(/administrator command|Connection terminated|not queryable/)
const sleep = (seconds: number) => root.rows('select pg_sleep($1)', [seconds])
const recorded = (organization: keyof typeof organizations, action: string) =>
  root.rows(
    `select actor, target_type, target_id, reason, ticket, details::jsonb - 'expiresAt' as details from meander.audit_log
     where organization_id = $1 and action = $2 order by seq`,
    [organizations[organization], action],
  )
const forget = () =>
  root.rows(`set session_replication_role = 'replica'; delete from meander.intents; delete from meander.token_blocklist;
    delete from meander.refresh_tokens; delete from meander.sessions; delete from meander.support_access_grants;
    delete from meander.organization_settings; delete from meander.audit_log where action <> 'operator.added';
    update meander.audit_heads h set seq = coalesce((select max(seq) from meander.audit_log a where a.organization_id = h.organization_id), 0);
    set session_replication_role = 'origin'`)
const ofGrant = async (grant: string, columns: string) =>
  (await root.rows(`select ${columns} from meander.support_access_grants where id = $1`, [grant]))[0]

beforeAll(async () => {
  database = await peopledDatabase(server)
})

beforeEach(async () => {
  await closeLogins()
  root = await asLogin(server, database, server.superuser)
  await forget()
  kari = await asLogin(server, database, 'kari')
  gro = await asLogin(server, database, 'gro')
})

afterAll(closeLogins)

describe('who lets whom in', () => {
  it('an org admin lets a global admin into the own organization, on its record', async () => {
    const { grant } = await create(kari, { to: 'GRO@meander.example', expires: 'PT2H' })
    expect(grant).toMatchObject({
      organization: 'hlf',
      organization_id: organizations.hlf,
      grantee_user_id: people.gro.id,
      grantee_email: emailOf('gro'),
      granted_by: 'kari',
      reason: 'support case',
      ticket: 'CASE-7',
      state: 'active',
      active_sessions: 0,
      sessions: 0,
      reads: 0,
      acts: 0,
    })
    expect(await ofGrant(grant.id, "expires_at - created_at = interval '2 hours' as two")).toEqual({
      two: 't',
    })
    expect(await recorded('hlf', 'grant.created')).toEqual([
      {
        actor: 'kari',
        target_type: 'grant',
        target_id: grant.id,
        reason: 'support case',
        ticket: 'CASE-7',
        details: JSON.stringify({ granteeUserId: people.gro.id }).replace(':', ': '),
      },
    ])
  })

  it.each([
    ['gro', 'platform', 'herself'],
    ['siv', 'platform', 'a colleague'],
    ['ada', 'hlf', 'an auditor for her organization'],
  ] as const)('%s may not, and that is on the record of %s: %s', async (name, home, _) => {
    const login = await asLogin(server, database, name)
    for (const organization of ['hlf', null, organizations.hlf, 'nowhere']) {
      for (const to of [emailOf('gro'), people.gro.id]) {
        expect(await create(login, { to, organization })).toEqual({
          refused: {
            sqlstate: 'MC403',
            message: 'only an org admin gives support access, and only to the own organization',
          },
        })
      }
    }
    expect(await recorded(home, 'grant.create_refused')).toHaveLength(8)
    expect(await recorded(home, 'grant.create_refused')).toMatchObject([
      { actor: name, target_id: '(unknown)@meander.example', reason: 'support case' },
      {},
      {},
      {},
      {},
      {},
      {},
      {},
    ])
    expect(await root.value('select count(*) from meander.support_access_grants')).toBe('0')
  })

  it('she may not either while she is let in, nor lengthen what she has', async () => {
    const { grant } = await create(kari)
    await intend('create_grant', {})
    expect(await create(gro, { organization: 'hlf' })).toMatchObject({ refused: { sqlstate: 'MC403' } })
    await gro.fails(
      '42501',
      `insert into meander.support_access_grants (organization_id, grantee_user_id, granted_by, reason, expires_at)
       values ('${organizations.hlf}', '${people.gro.id}', 'gro', 'me', now() + interval '1 day')`,
    )
    await gro.fails(
      '42501',
      "update meander.support_access_grants set expires_at = expires_at + interval '1 day'",
    )
    await gro.fails('42501', 'select meander.find_staff($1)', [emailOf('gro')])
    await gro.fails('42501', 'select meander.grantable_organizations()')
    expect(await root.value('select count(*) from meander.support_access_grants')).toBe('1')
    expect(await ofGrant(grant.id, 'granted_by')).toEqual({ granted_by: 'kari' })
  })

  it('a function that forgot who calls is held to the org admin’s own organization', async () => {
    await root.rows(`
      create function meander.careless_grant(p_organization uuid) returns void language sql security definer
      set search_path = pg_catalog, pg_temp as $$
        insert into meander.support_access_grants (organization_id, grantee_user_id, granted_by, reason, expires_at)
        values (p_organization, '${people.gro.id}', session_user, 'careless', now() + interval '1 hour') $$;
      grant create on schema meander to meander_functions;
      alter function meander.careless_grant owner to meander_functions;
      revoke create on schema meander from meander_functions;
      grant execute on function meander.careless_grant to meander_operator`)
    try {
      await seedGrant(server, database, 'gro', 'hlf')
      await intend('list_sessions', {})
      const call = 'select meander.careless_grant($1)'
      const ada = await asLogin(server, database, 'ada')
      for (const login of [gro, ada]) await login.fails('42501', call, [organizations.hlf])
      await kari.fails('42501', call, [organizations.nhf])
      await kari.rows(call, [organizations.hlf])
    } finally {
      await root.rows('drop function meander.careless_grant(uuid)')
    }
  })

  it('another organization is as unknown as none, and recorded on the own chain', async () => {
    const before = await everythingOf(server, database, 'nhf')
    const [foreign, unknown] = [
      await create(kari, { organization: 'nhf' }),
      await create(kari, { organization: 'nowhere' }),
    ]
    expect(foreign).toEqual(unknown)
    expect(foreign).toMatchObject({ refused: { sqlstate: 'MC404' } })
    expect(await recorded('hlf', 'grant.create_refused')).toHaveLength(2)
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
  })

  it('nobody but active staff can be let in', async () => {
    await root.rows(`begin; set local session_replication_role = 'replica';
      update meander.users set status = 'deactivated', deactivated_at = now() where id = '${people.siv.id}'; commit`)
    try {
      for (const to of [
        emailOf('mari'),
        people.nils.id,
        emailOf('siv'),
        people.siv.id,
        'nobody',
        randomUUID(),
      ]) {
        expect(await create(kari, { to })).toEqual({
          refused: { sqlstate: 'MC404', message: 'no such global admin' },
        })
      }
    } finally {
      await root.rows(`begin; set local session_replication_role = 'replica';
        update meander.users set status = 'active', deactivated_at = null where id = '${people.siv.id}'; commit`)
    }
    expect(await recorded('hlf', 'grant.create_refused')).toHaveLength(6)
  })

  it('an off-boarding and a grant to the same person do not pass each other', async () => {
    await root.rows('begin')
    await root.rows("select meander.staff_act('offboard', $1, $2, $3, null)", [
      [people.siv.id],
      ['left'],
      [null],
    ])
    const waiting = create(kari, { to: emailOf('siv') })
    await sleep(0.3)
    await root.rows('rollback; begin')
    expect(await waiting).toMatchObject({ grant: { state: 'active' } })
    await root.rows("select meander.staff_act('offboard', $1, $2, $3, null)", [
      [people.siv.id],
      ['left'],
      [null],
    ])
    const late = create(kari, { to: emailOf('siv') })
    await sleep(0.3)
    await root.rows('commit')
    expect(await late).toMatchObject({ refused: { sqlstate: 'MC404' } })
    expect(
      await root.value('select count(*) from meander.support_access_grants where revoked_at is null'),
    ).toBe('0')
    await root.rows(`begin; set local session_replication_role = 'replica';
      update meander.users set status = 'active', deactivated_at = null where id = '${people.siv.id}'; commit`)
  })
})

describe('how long', () => {
  const refusal = (limit: string) => ({
    refused: {
      sqlstate: 'MC403',
      message: `this organization allows support access for at most ${limit}`,
    },
  })
  const allow = (interval: string | null) =>
    root.rows(
      `insert into meander.organization_settings (organization_id, max_support_access) values ($1, $2::interval)
       on conflict (organization_id) do update set max_support_access = excluded.max_support_access`,
      [organizations.hlf, interval],
    )

  it('72 hours where nothing else is set, by the database’s clock', async () => {
    expect(await create(kari, { expires: 'PT72H' })).toHaveProperty('grant')
    expect(await create(kari, { expires: 'PT259201S' })).toEqual(refusal('72 h'))
    expect(await create(kari, { expires: 'infinity' })).toEqual(refusal('72 h'))
    expect(await create(kari, { expires: '2222-01-01T00:00:00Z' })).toEqual(refusal('72 h'))
    await allow(null)
    expect(await create(kari, { expires: 'PT73H' })).toEqual(refusal('72 h'))
    expect(await recorded('hlf', 'grant.create_refused')).toHaveLength(4)
  })

  it.each([
    ['90 minutes', 'PT90M', 'PT91M', '90 min'],
    ['30 days', 'P30D', 'P31D', '720 h'],
    ['45 seconds', 'PT45S', 'PT46S', '45 s'],
  ])('%s where the organization says so', async (limit, fits, tooLong, words) => {
    await allow(limit)
    expect(await create(kari, { expires: fits })).toHaveProperty('grant')
    expect(await create(kari, { expires: tooLong })).toEqual(refusal(words))
  })

  it('an end that is not ahead, or none, is no grant', async () => {
    const call = 'select meander.create_grant(null, $1, $2, $3, null, null)'
    for (const expires of ['2020-01-01T00:00:00Z', 'PT0S', 'PT-1H', '-infinity', 'soon', 'P', null])
      await kari.fails('MC400', call, [emailOf('gro'), expires, 'why'])
    await kari.fails('MC400', call, [null, 'PT1H', 'why'])
    await kari.fails('MC400', call, [emailOf('gro'), 'PT1H', ' '])
    await kari.fails('MC400', call, ['x'.repeat(400), 'PT1H', 'why'])
    await (await asLogin(server, database, 'stranger')).fails('42501', call, [emailOf('gro'), 'PT1H', 'why'])
  })

  it.each([
    "set timezone = 'Asia/Kolkata'",
    "set datestyle = 'German, DMY'",
    "set intervalstyle = 'sql_standard'",
  ])('%s shifts nothing', async (setting) => {
    await kari.rows(setting)
    const { grant } = await create(kari, { expires: 'PT1H' })
    expect(await ofGrant(grant.id, "expires_at - created_at = interval '1 hour' as same")).toEqual({
      same: 't',
    })
    const [at] = await root.rows<{ at: string }>(
      `select to_char((now() + interval '3 hours') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') as at`,
    )
    const { grant: until } = await create(kari, { expires: at?.at ?? '' })
    expect(
      await root.value(
        "select expires_at = ($1 || 'Z')::timestamptz from meander.support_access_grants where id = $2",
        [at?.at, until.id],
      ),
    ).toBe('t')
    expect(await create(kari, { expires: 'PT73H' })).toEqual(refusal('72 h'))
  })

  it('in another isolation level nothing is granted or revoked', async () => {
    const grant = await seedGrant(server, database, 'gro', 'hlf')
    for (const level of ['repeatable read', 'serializable']) {
      for (const call of [
        "select meander.create_grant(null, 'gro@meander.example', 'PT1H', 'why', null, null)",
        `select meander.revoke_grants(array['${grant}']::uuid[], 'why', null, null)`,
      ]) {
        await kari.rows(`begin isolation level ${level}`)
        await kari.fails('MC412', call)
        await kari.rows('rollback')
      }
    }
  })
})

/** A busy machine may take longer over the steps than the grant lasts. */
const inTime = { retry: 3 }

describe('at the end', () => {
  beforeEach(async () => {
    await seedSessions(server, database, [{ person: 'mari' }, { person: 'ola' }, { person: 'nils' }])
  })

  it('what is open stays closed: a snapshot, a prepared statement, a cursor', inTime, async () => {
    expect(await gro.rows(list)).toEqual([])
    await create(kari, { expires: 'PT3S' })
    await intend('list_sessions', {})
    expect(await gro.rows(list)).toHaveLength(2)
    const [prepared, cursor, snapshot] = await Promise.all(
      [1, 2, 3].map(() => asLogin(server, database, 'gro')),
    )
    if (!prepared || !cursor || !snapshot) throw new Error('no logins')
    await prepared.rows(`begin; prepare p as ${list}`)
    expect(await prepared.rows('execute p')).toHaveLength(2)
    await cursor.rows(`begin; declare c cursor for ${list}`)
    expect(await cursor.rows('fetch 1 from c')).toHaveLength(1)
    await cursor.rows(`declare late cursor for ${list}`)
    await snapshot.rows('begin isolation level repeatable read')
    // An old snapshot is no support access at all, not even while the grant lives.
    expect(await snapshot.rows(list)).toEqual([])
    await sleep(3.1)
    expect(await prepared.rows('execute p')).toEqual([])
    // Its call had returned this page already; it gives no further one.
    expect(await cursor.rows('fetch all from c')).toHaveLength(1)
    expect(await cursor.rows('fetch all from late')).toEqual([])
    expect(await cursor.rows(list)).toEqual([])
    expect(await snapshot.rows(list)).toEqual([])
    await snapshot.fails(
      'MC404',
      'select * from meander.list_sessions(\'{"organization": "hlf"}\', \'created\', null, null, 9)',
    )
    await gro.fails('MC404', 'select * from meander.record_intent($1, $2, $3, $4, null)', [
      'hlf',
      'list_sessions',
      '{}',
      'x',
    ])
  })

  it('an intent that is rolled back shows no row and stays off the record', async () => {
    await create(kari)
    await gro.rows('begin')
    await intend('list_sessions', {})
    await gro.fails('MC428', list)
    await gro.rows('rollback')
    await gro.fails('MC428', list)
    expect(await recorded('hlf', 'intent.recorded')).toEqual([])
  })

  it('a longer grant beside it goes on, a shorter one ends alone', inTime, async () => {
    const { grant: long } = await create(kari, { expires: 'PT1H' })
    const { grant: short } = await create(kari, { expires: 'PT1S' })
    await intend('list_sessions', {})
    await sleep(1.1)
    expect(await ofGrant(short.id, 'expires_at <= clock_timestamp() as over')).toEqual({ over: 't' })
    expect(await gro.rows(list)).toHaveLength(2)
    expect((await revoke(kari, short.id)).items).toMatchObject([
      { outcome: 'alreadyExpired', otherGrants: [{ id: long.id }] },
    ])
    expect(await gro.rows(list)).toHaveLength(2)
    expect((await revoke(kari, long.id)).items).toMatchObject([{ outcome: 'revoked', otherGrants: [] }])
    expect(await gro.rows(list)).toEqual([])
  })

  it('replaced by a shorter one: the end is the new one’s', inTime, async () => {
    const { grant } = await create(kari, { expires: 'PT1H' })
    await intend('list_sessions', {})
    await create(kari, { expires: 'PT1S' })
    await revoke(kari, grant.id)
    expect(await gro.rows(list)).toHaveLength(2)
    await sleep(1.1)
    expect(await gro.rows(list)).toEqual([])
  })

  it('revoked in its last second it is revoked', inTime, async () => {
    const { grant } = await create(kari, { expires: 'PT2S' })
    await intend('list_sessions', {})
    await sleep(1.2)
    expect(await gro.rows(list)).toHaveLength(2)
    expect(await outcomes(kari, grant.id)).toEqual(['revoked'])
    expect(await gro.rows(list)).toEqual([])
    await sleep(1)
    expect(await outcomes(kari, grant.id)).toEqual(['alreadyRevoked'])
    expect(await recorded('hlf', 'grant.revoked')).toHaveLength(1)
  })

  it('at exactly its end it is over', async () => {
    const moment = '2026-01-01T00:00:00.123456Z'
    expect(await root.value('select meander.session_state(null, $1, $1)', [moment])).toBe('expired')
  })

  it('a grant that is not committed yet, or was rolled back, lets nobody in', async () => {
    await kari.rows('begin')
    await create(kari)
    expect(await gro.rows(list)).toEqual([])
    expect(await intend('list_sessions', {})).toEqual([])
    await kari.rows('rollback')
    expect(await gro.rows(list)).toEqual([])
    expect(await recorded('hlf', 'grant.created')).toEqual([])
  })

  it('a session or access token opened under it cannot outlive it', async () => {
    const { grant } = await create(kari, { expires: 'PT2S' })
    const auth = await asLogin(server, database, 'auth')
    const session = randomUUID()
    const open = (id: string): [string, unknown[]] => [
      `insert into meander.sessions (id, user_id, organization_id, kind, expires_at, support_access_grant_id)
       values ($1, $2, $3, 'portal', now() + interval '8 hours', $4)`,
      [id, people.gro.id, organizations.hlf, grant.id],
    ]
    const token = (seconds: number): [string, unknown[]] => [
      `insert into meander.refresh_tokens (id, session_id, organization_id, token_hash, access_jti, access_expires_at)
       values (gen_random_uuid(), $1, $2, sha256(convert_to($3, 'UTF8')), gen_random_uuid(),
         clock_timestamp() + $4 * interval '1 second')`,
      [session, organizations.hlf, randomUUID(), seconds],
    ]
    await auth.rows(...open(session))
    expect(
      await root.value(
        'select s.expires_at = g.expires_at from meander.sessions s join meander.support_access_grants g on g.id = s.support_access_grant_id where s.id = $1',
        [session],
      ),
    ).toBe('t')
    await auth.fails('MC422', ...token(60))
    await auth.rows(...token(1))
    await sleep(2.1)
    await auth.fails('MC410', ...token(1))
    await auth.fails('MC410', ...open(randomUUID()))
    await auth.fails(
      'MC410',
      'update meander.sessions set last_activity_at = clock_timestamp() where id = $1',
      [session],
    )
  })
})

describe('who ends it', () => {
  it('an org admin of the organization, or who was let in', async () => {
    const [first, second] = [(await create(kari)).grant.id, (await create(kari)).grant.id]
    expect(await outcomes(kari, first)).toEqual(['revoked'])
    expect(await outcomes(gro, second)).toEqual(['revoked'])
    expect(await recorded('hlf', 'grant.revoked')).toMatchObject([
      { actor: 'kari', target_id: first, reason: 'done' },
      { actor: 'gro', target_id: second, reason: 'done' },
    ])
    expect(await ofGrant(second, 'revoked_by, revoke_reason')).toEqual({
      revoked_by: 'gro',
      revoke_reason: 'done',
    })
    expect(await outcomes(gro, second, second)).toEqual(['alreadyRevoked'])
  })

  it('nobody else: not found, unknown and foreign alike, on the own chain', async () => {
    const { grant } = await create(kari)
    const before = await everythingOf(server, database, 'hlf')
    const nobodys = randomUUID()
    for (const [name, home] of [
      ['nils', 'nhf'],
      ['siv', 'platform'],
      ['eva', 'empty'],
    ] as const) {
      const login = await asLogin(server, database, name)
      const [foreign, unknown] = [await revoke(login, grant.id), await revoke(login, nobodys)]
      expect(JSON.stringify(foreign).replaceAll(grant.id, nobodys)).toBe(JSON.stringify(unknown))
      expect(foreign).toMatchObject({ summary: { revoked: 0, notFound: 1 } })
      expect(await recorded(home, 'grant.revoke_refused')).toMatchObject([
        { actor: name, target_id: grant.id, details: '{"refused": "MC404"}' },
        { actor: name, target_id: nobodys, details: '{"refused": "MC404"}' },
      ])
    }
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
  })

  it('an auditor is refused, and that is recorded', async () => {
    const { grant } = await create(kari)
    const ada = await asLogin(server, database, 'ada')
    expect(await revoke(ada, grant.id)).toEqual({
      refused: { sqlstate: 'MC403', message: 'the role of this operator may not change this' },
    })
    expect(await recorded('hlf', 'grant.revoke_refused')).toMatchObject([
      { actor: 'ada', target_id: grant.id, details: '{"refused": "MC403"}' },
    ])
    expect(await ofGrant(grant.id, 'revoked_at')).toEqual({ revoked_at: null })
  })

  it('a session that is being opened under it ends with it, whoever comes first', async () => {
    const { grant } = await create(kari)
    const auth = await asLogin(server, database, 'auth')
    const open = (id: string): [string, unknown[]] => [
      `insert into meander.sessions (id, user_id, organization_id, kind, expires_at, support_access_grant_id)
       values ($1, $2, $3, 'portal', now() + interval '8 hours', $4)`,
      [id, people.gro.id, organizations.hlf, grant.id],
    ]
    const early = randomUUID()
    await auth.rows('begin')
    await auth.rows(...open(early))
    const revoking = revoke(kari, grant.id)
    await sleep(0.3)
    await auth.rows('commit')
    expect(await revoking).toMatchObject({ summary: { revoked: 1, sessionsRevoked: 1 } })
    expect(await root.value('select revoked_by from meander.sessions where id = $1', [early])).toBe('kari')
    await auth.fails('MC410', ...open(randomUUID()))
  })

  it('sessions under another grant and in another organization stay', async () => {
    const [one, other] = [
      await seedGrant(server, database, 'gro', 'hlf'),
      await seedGrant(server, database, 'gro', 'hlf'),
    ]
    const far = await seedGrant(server, database, 'gro', 'nhf')
    const made = await seedSessions(server, database, [
      { person: 'gro', organization: 'hlf', grant: one, chain: 3 },
      { person: 'gro', organization: 'hlf', grant: other },
      { person: 'gro', organization: 'nhf', grant: far },
      { person: 'gro' },
      { person: 'mari' },
    ])
    const before = await everythingOf(server, database, 'nhf')
    expect(await revoke(kari, one)).toMatchObject({
      summary: { revoked: 1, sessionsRevoked: 1, refreshTokensRevoked: 1, accessTokensBlocked: 3 },
      items: [{ sessions: [made[0]?.id], otherGrants: [{ id: other }] }],
    })
    expect(await root.rows('select id from meander.sessions where revoked_at is not null')).toEqual([
      { id: made[0]?.id },
    ])
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
    const [event] = await recorded('hlf', 'session.revoked')
    expect(JSON.parse(event?.details ?? '')).toEqual({
      userId: people.gro.id,
      supportAccessGrantId: one,
      priorState: 'active',
      refreshTokensRevoked: 1,
      accessTokensBlocked: 3,
    })
  })
})

describe('connections of who was let in', () => {
  const end = (login: Login, ...grants: string[]) =>
    login.value('select meander.terminate_grantees($1)', [grants])

  it('are ended by whoever may end the grant, and nobody else’s', async () => {
    const { grant } = await create(kari)
    const [nils, ada, siv] = await Promise.all(
      ['nils', 'ada', 'siv'].map((name) => asLogin(server, database, name)),
    )
    if (!nils || !ada || !siv) throw new Error('no logins')
    for (const login of [nils, ada, siv]) expect(await end(login, grant.id)).toBe('0')
    expect(await gro.value('select 1')).toBe('1')
    const second = await asLogin(server, database, 'gro')
    // Giving back: every connection but the one that does it.
    expect(await end(gro, grant.id)).toBe('1')
    await gone(second)
    expect(await end(kari, grant.id)).toBe('1')
    await gone(gro)
    for (const login of [nils, ada, siv, kari]) expect(await login.value('select 1')).toBe('1')
    await (await asLogin(server, database, 'stranger')).fails(
      '42501',
      'select meander.terminate_grantees($1)',
      [[grant.id]],
    )
    await kari.fails('MC400', "select meander.terminate_grantees('{}')")
  })

  it('an old grant is no lever against somebody who works elsewhere', async () => {
    const { grant } = await create(kari)
    await revoke(kari, grant.id)
    expect(await end(kari, grant.id)).toBe('1')
    await root.rows(
      "begin; set local session_replication_role = 'replica'; update meander.support_access_grants set revoked_at = revoked_at - interval '16 minutes'; commit",
    )
    gro = await asLogin(server, database, 'gro')
    expect(await end(kari, grant.id)).toBe('0')
    expect(await gro.value('select 1')).toBe('1')
  })
})

describe('what it opened', () => {
  const show = async (login: Login, grant: string) =>
    JSON.parse((await login.value('select meander.get_grant($1)', [grant])) ?? '')

  it('is told to the organization: sessions, reads, acts', async () => {
    const [grant, later] = [
      (await create(kari)).grant.id,
      (await create(kari, { to: emailOf('siv') })).grant.id,
    ]
    const [session] = await seedSessions(server, database, [
      { person: 'gro', organization: 'hlf', grant },
      { person: 'gro', organization: 'hlf', grant, expiresIn: '-1 hour' },
    ])
    await intend('list_sessions', {})
    await intend('verify_users', { users: [people.mari.id] })
    await intend('refused_offboardings', { users: [people.mari.id] })
    await intend('revoke_sessions', { sessions: [session?.id] })
    await intend('offboard_users', { users: [people.mari.id] })
    const { grant: told, sessions, auditEvents, auditHead } = await show(kari, grant)
    expect(told).toMatchObject({ active_sessions: 1, sessions: 2, reads: 3, acts: 2 })
    expect(sessions).toHaveLength(2)
    expect(
      auditEvents.map(
        (event: { details: { function?: string }; action: string }) => event.details.function ?? event.action,
      ),
    ).toEqual([
      'offboard_users',
      'revoke_sessions',
      'refused_offboardings',
      'verify_users',
      'list_sessions',
      'grant.created',
    ])
    const head = 'select seq from meander.audit_heads where organization_id = $1'
    expect(auditHead).toMatchObject({
      organization: 'hlf',
      seq: Number(await root.value(head, [organizations.hlf])),
    })
    expect((await show(kari, later)).grant).toMatchObject({ sessions: 0, reads: 0, acts: 0 })
    expect(
      await kari.rows("select id, sessions, reads, acts from meander.list_grants('{}', null, null, 10)"),
    ).toEqual([
      { id: later, sessions: '0', reads: '0', acts: '0' },
      { id: grant, sessions: '2', reads: '3', acts: '2' },
    ])
  })

  it('before the grant, after it and elsewhere is not of it', async () => {
    const far = await seedGrant(server, database, 'gro', 'nhf')
    const { grant: first } = await create(kari)
    await intend('list_sessions', {})
    await revoke(kari, first.id)
    const { grant: second } = await create(kari)
    await intend('list_sessions', {})
    await intend('get_user', { user: 'x' })
    expect((await show(kari, first.id)).grant).toMatchObject({ state: 'revoked', reads: 1, acts: 0 })
    expect((await show(kari, second.id)).grant).toMatchObject({ state: 'active', reads: 2, acts: 0 })
    await kari.fails('MC404', 'select meander.get_grant($1)', [far])
    expect((await show(await asLogin(server, database, 'nils'), far)).grant).toMatchObject({
      organization: 'nhf',
      reads: 3,
    })
  })

  it('is hers to see under the grant, on the record first, and nobody’s without one', async () => {
    const all = 'select id from meander.list_grants(\'{"state": "any"}\', null, null, 10)'
    const { grant } = await create(kari)
    await gro.fails('MC428', all)
    await gro.fails('MC428', 'select meander.get_grant($1)', [grant.id])
    await intend('list_grants', { state: 'any' })
    expect(await gro.rows(all)).toEqual([{ id: grant.id }])
    await revoke(kari, grant.id)
    expect(await gro.rows(all)).toEqual([])
    await gro.fails('MC404', 'select meander.get_grant($1)', [grant.id])
    expect(await (await asLogin(server, database, 'siv')).rows(all)).toEqual([])
    expect(await (await asLogin(server, database, 'ada')).rows(all)).toEqual([{ id: grant.id }])
    await (await asLogin(server, database, 'admin')).fails('42501', all)
  })

  it('pages by creation, and by what is asked', async () => {
    const made: string[] = []
    for (let n = 0; n < 5; n += 1)
      made.unshift((await create(kari, { to: emailOf(n % 2 ? 'siv' : 'gro') })).grant.id)
    await revoke(kari, made[0] ?? '')
    const page = async (selector: object, limit = 10, after: [string, string] | null = null) =>
      kari.rows<{ id: string; at: string }>(
        `select id, (extract(epoch from created_at) * 1000000)::bigint as at from meander.list_grants($1, $2, $3, $4)`,
        [JSON.stringify(selector), after?.[0] ?? null, after?.[1] ?? null, limit],
      )
    const ids = (rows: { id: string }[]) => rows.map(({ id }) => id)
    const first = await page({ state: 'any' }, 2)
    expect(ids(first)).toEqual(made.slice(0, 2))
    const last = first[1]
    expect(ids(await page({ state: 'any' }, 10, [last?.at ?? '', last?.id ?? '']))).toEqual(made.slice(2))
    expect(ids(await page({}))).toEqual(made.slice(1))
    expect(ids(await page({ state: 'revoked' }))).toEqual(made.slice(0, 1))
    expect(ids(await page({ state: 'expired' }))).toEqual([])
    expect(ids(await page({ to: emailOf('siv') }))).toEqual([made[1], made[3]])
    await kari.fails(
      'MC404',
      'select * from meander.list_grants(\'{"to": "mari@hlf.example"}\', null, null, 10)',
    )
    await kari.fails('MC400', 'select * from meander.list_grants(\'{"state": "all"}\', null, null, 10)')
    await kari.fails('MC400', 'select * from meander.list_grants(\'{"grantee": "x"}\', null, null, 10)')
    await kari.fails('MC400', "select * from meander.list_grants('{}', null, null, 10001)")
  })
})
