import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, type Login } from '../support/as-login.ts'
import {
  emailOf,
  organizations,
  type Person,
  people,
  peopledDatabase,
  seedGrant,
  seedSessions,
} from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'

/** What the database refuses the Authentication Module, the publisher and the directory, whatever they ask. */

const server = postgresAt(inject('postgres'))
let database: string
let root: Login
let auth: Login
let kari: Login

beforeAll(async () => {
  database = await peopledDatabase(server)
  root = await asLogin(server, database, server.superuser)
  auth = await asLogin(server, database, 'auth')
  kari = await asLogin(server, database, 'kari')
})
afterEach(() => root.rows('delete from meander.organization_settings'))
afterAll(closeLogins)

/** A statement past every trigger, as a broken store or a later policy would leave things. */
const past = (statement: string): Promise<unknown> =>
  root.rows(`begin; set local session_replication_role = 'replica'; ${statement}; commit`)
const setPolicy = (column: string, value: string): Promise<unknown> =>
  root.rows(`insert into meander.organization_settings (organization_id, ${column}) values ($1, $2)`, [
    organizations.hlf,
    value,
  ])

/** The statements of a login, as the Authentication Module sends them. */
const newSession = (person: Person, columns: Record<string, unknown> = {}): [string, unknown[]] => {
  const row: Record<string, unknown> = {
    user_id: people[person].id,
    organization_id: organizations[people[person].organization ?? 'platform'],
    kind: 'mobile',
    expires_at: new Date(Date.now() + 30 * 86_400_000),
    ...columns,
  }
  const names = Object.keys(row)
  return [
    `insert into meander.sessions (${names.join(', ')}) values (${names.map((_, n) => `$${n + 1}`).join(', ')}) returning id`,
    Object.values(row),
  ]
}
const newToken = (
  session: string,
  expires = "interval '10 minutes'",
  parent: string | null = null,
): [string, unknown[]] => [
  `insert into meander.refresh_tokens (session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at)
   values ($1, (select organization_id from meander.sessions where id = $1), $2, $3, gen_random_uuid(), clock_timestamp() + ${expires})
   returning id`,
  [session, parent, randomBytes(32)],
]
const rotate = (token: string | null): [string, unknown[]] => [
  'update meander.refresh_tokens set rotated_at = clock_timestamp() where id = $1',
  [token],
]
const logIn = async (person: Person, columns: Record<string, unknown> = {}): Promise<string> =>
  (await auth.value(...newSession(person, columns))) ?? ''
const revoke = (session: string): Promise<unknown> =>
  kari.rows('select meander.revoke_sessions($1, $2, null, null)', [[session], 'lost'])

describe('a new session', () => {
  it('is for an active user, and one that exists', async () => {
    await past(
      `update meander.users set status = 'deactivated', deactivated_at = now() where id = '${people.ola.id}'`,
    )
    expect((await auth.fails('MC410', ...newSession('ola'))).message).toBe('the user is deactivated')
    await past(
      `update meander.users set status = 'active', deactivated_at = null where id = '${people.ola.id}'`,
    )
    await auth.fails('MC410', ...newSession('ola', { user_id: randomUUID() }))
    await logIn('ola')
  })

  it('is in the organization of its user, staff’s own at the platform', async () => {
    for (const organization of [organizations.nhf, organizations.platform, randomUUID()])
      await auth.fails('MC400', ...newSession('ola', { organization_id: organization }))
    await auth.fails('MC400', ...newSession('gro', { organization_id: organizations.hlf }))
    await logIn('gro')
  })

  it('is in another one only under a live grant of that very person and organization', async () => {
    const grant = await seedGrant(server, database, 'gro', 'hlf')
    const under = { support_access_grant_id: grant, organization_id: organizations.hlf }
    await auth.fails('23503', ...newSession('siv', under))
    await auth.fails('23503', ...newSession('mari', under))
    await auth.fails('23503', ...newSession('gro', { ...under, organization_id: organizations.nhf }))
    await auth.fails('23503', ...newSession('gro', { ...under, support_access_grant_id: randomUUID() }))
    const session = await logIn('gro', under)
    expect(
      await root.value(
        `select s.expires_at = g.expires_at from meander.sessions s
         join meander.support_access_grants g on g.id = s.support_access_grant_id where s.id = $1`,
        [session],
      ),
    ).toBe('t')

    await root.rows(
      "update meander.support_access_grants set revoked_at = now(), revoked_by = 'kari' where id = $1",
      [grant],
    )
    await auth.fails('MC410', ...newSession('gro', under))
    await auth.fails('MC410', ...newToken(session))
    const ended = await seedGrant(server, database, 'gro', 'hlf')
    await past(
      `update meander.support_access_grants set created_at = now() - interval '1 hour', expires_at = now() where id = '${ended}'`,
    )
    await auth.fails('MC410', ...newSession('gro', { ...under, support_access_grant_id: ended }))
  })

  it('ends no later than the policy allows, and sooner if it asks', async () => {
    await setPolicy('absolute_lifetime', '8 hours')
    const lived = (session: string) =>
      root.value('select expires_at - created_at from meander.sessions where id = $1', [session])
    expect(await lived(await logIn('ola'))).toBe('08:00:00')
    expect(await lived(await logIn('ola', { expires_at: 'infinity' }))).toBe('08:00:00')
    const soon = await logIn('ola', { expires_at: new Date(Date.now() + 60_000) })
    expect(await lived(soon)).toMatch(/^00:0[01]:/)
  })

  it('is stored with a plain address', async () => {
    const session = await logIn('ola', { ip: '::ffff:192.0.2.7' })
    expect(await root.value('select ip from meander.sessions where id = $1', [session])).toBe('192.0.2.7')
    await auth.fails('23514', ...newSession('ola', { ip: '10.0.0.0/8' }))
  })

  it.each(['created_at', 'last_activity_at', 'revoked_at', 'revoked_by', 'revoke_reason'])(
    'cannot choose %s',
    async (column) => {
      await auth.fails(
        '42501',
        ...newSession('ola', { [column]: column.endsWith('_at') ? new Date(0) : 'x' }),
      )
    },
  )

  it('of whoever inserts it starts unrevoked', async () => {
    await root.fails('MC400', ...newSession('ola', { revoked_at: new Date(), revoked_by: 'x' }))
  })
})

describe('a refresh token', () => {
  it('is for a session that is active', async () => {
    const [idle, old, revoked, grantless] = await seedSessions(server, database, [
      { person: 'mari', activeAgo: '3 hours' },
      { person: 'mari', expiresIn: '-1 second' },
      { person: 'mari' },
      { person: 'gro', organization: 'hlf', grant: await seedGrant(server, database, 'gro', 'hlf') },
    ])
    await setPolicy('idle_timeout', '2 hours')
    await revoke(revoked?.id ?? '')
    await past(
      "update meander.support_access_grants set revoked_at = now(), revoked_by = 'kari' where revoked_at is null",
    )
    for (const session of [idle, old, revoked, grantless]) {
      await auth.fails('MC410', ...newToken(session?.id ?? ''))
      const live = await root.value('select id from meander.refresh_tokens where session_id = $1', [
        session?.id,
      ])
      await auth.fails('MC410', ...rotate(live))
    }
    await auth.fails('MC410', ...newToken(randomUUID()))
  })

  it('is spent once, and never comes back', async () => {
    const session = await logIn('ola')
    const first = await auth.value(...newToken(session))
    await auth.rows(...rotate(first))
    const second = await auth.value(...newToken(session, "interval '1 minute'", first))
    await auth.fails('MC410', ...rotate(first))
    await auth.fails('MC410', 'update meander.refresh_tokens set rotated_at = null where id = $1', [first])
    await auth.fails('23505', ...newToken(session, "interval '1 minute'", first))
    await revoke(session)
    await auth.fails('MC410', ...rotate(second))
    for (const wanted of [
      'revoked_at = null',
      "token_hash = '\\x00'",
      'access_jti = gen_random_uuid()',
      'access_expires_at = now()',
      'id = gen_random_uuid()',
      'parent_id = null',
    ])
      await root.fails('MC410', `update meander.refresh_tokens set ${wanted} where id = $1`, [second])
  })

  it('follows a spent one of its own session, or is the first: one of a session refreshes', async () => {
    const [session, other] = [await logIn('ola'), await logIn('ola')]
    const first = await auth.value(...newToken(session))
    await auth.fails('23505', ...newToken(session))
    await auth.fails('MC400', ...newToken(session, undefined, first))
    await auth.fails('MC400', ...newToken(other, undefined, first))
    await auth.rows(...rotate(first))
    await auth.fails('MC400', ...newToken(other, undefined, first))
    await auth.fails('MC400', ...newToken(session, undefined, randomUUID()))
    await auth.rows(...newToken(session, undefined, first))
    await auth.fails('23505', ...newToken(session, undefined, first))
    await auth.rows(...newToken(other))
  })

  it('belongs to the organization of its session', async () => {
    const session = await logIn('ola')
    const [text, values] = newToken(session)
    await auth.fails(
      '23503',
      text.replace(/\(select organization_id .*?\)/, `'${organizations.nhf}'`),
      values,
    )
  })

  it('comes with an access token of 15 minutes at most', async () => {
    const session = await logIn('ola')
    await auth.fails('23514', ...newToken(session, "interval '15 minutes 1 second'"))
    await auth.fails('MC422', ...newToken(session, "interval '31 days'"))
    await auth.rows(...newToken(session, "interval '14 minutes 59 seconds'"))
  })

  it.each(['created_at', 'rotated_at', 'revoked_at'])('cannot choose %s', async (column) => {
    const [text, values] = newToken(await logIn('ola'))
    await auth.fails(
      '42501',
      text.replace('token_hash,', `token_hash, ${column},`).replace('$3,', '$3, now(),'),
      values,
    )
  })
})

describe('an access token', () => {
  it('never outlives its session, by whatever it ends', async () => {
    const soon = await logIn('ola', { expires_at: new Date(Date.now() + 5 * 60_000) })
    await auth.fails('MC422', ...newToken(soon, "interval '6 minutes'"))
    await auth.rows(...newToken(soon, "interval '4 minutes'"))

    await setPolicy('idle_timeout', '7 minutes')
    const idling = await logIn('ola')
    await auth.fails('MC422', ...newToken(idling, "interval '8 minutes'"))
    await auth.rows(...newToken(idling, "interval '6 minutes'"))
  })

  it('may be signed until the deadline that is told before', async () => {
    const deadline = (session: string) =>
      auth.value('select extract(epoch from meander.access_token_deadline($1) - clock_timestamp())', [
        session,
      ])
    const session = await logIn('ola')
    expect(Number(await deadline(session))).toBeCloseTo(15 * 60, -1)
    const soon = await logIn('ola', { expires_at: new Date(Date.now() + 5 * 60_000) })
    expect(Number(await deadline(soon))).toBeCloseTo(5 * 60, -1)
    const told = await auth.value('select meander.access_token_deadline($1)', [soon])
    const [text, values] = newToken(soon)
    await auth.rows(text.replace("clock_timestamp() + interval '10 minutes'", '$4'), [...values, told])
    await revoke(session)
    expect(await deadline(session)).toBeNull()
    expect(await deadline(randomUUID())).toBeNull()
    expect(await auth.value('select meander.access_token_deadline(null)')).toBeNull()
    for (const login of ['kari', 'publisher', 'directory', 'stranger'])
      await (await asLogin(server, database, login)).fails(
        '42501',
        'select meander.access_token_deadline($1)',
        [soon],
      )
  })
})

describe('activity', () => {
  const touch = (session: string, moment = 'clock_timestamp()'): [string, unknown[]] => [
    `update meander.sessions set last_activity_at = ${moment} where id = $1 returning last_activity_at > clock_timestamp() as ahead`,
    [session],
  ]

  it('revives no session that was idle too long, expired or revoked', async () => {
    const [idle, old, revoked] = await seedSessions(server, database, [
      { person: 'mari', activeAgo: '2 hours 1 second' },
      { person: 'mari', expiresIn: '-1 second' },
      { person: 'mari' },
    ])
    await revoke(revoked?.id ?? '')
    await setPolicy('idle_timeout', '2 hours')
    for (const session of [idle, old, revoked]) await auth.fails('MC410', ...touch(session?.id ?? ''))
  })

  it('is never ahead of the clock, and never goes back', async () => {
    const session = await logIn('ola')
    expect(await auth.value(...touch(session, "clock_timestamp() + interval '1 year'"))).toBe('f')
    expect(await auth.value(...touch(session, "'infinity'"))).toBe('f')
    const now = await root.value('select last_activity_at from meander.sessions where id = $1', [session])
    await auth.rows(...touch(session, "clock_timestamp() - interval '1 hour'"))
    await auth.rows(...touch(session, "'-infinity'"))
    expect(await root.value('select last_activity_at from meander.sessions where id = $1', [session])).toBe(
      now,
    )
  })

  it('cannot be taken away', async () => {
    const session = await logIn('ola')
    await auth.rows(...touch(session, 'null')).catch(() => {})
    expect(
      await root.value('select last_activity_at from meander.sessions where id = $1', [session]),
    ).not.toBeNull()
  })
})

describe('what has ended', () => {
  it('stays ended, for the superuser too', async () => {
    const session = await logIn('ola')
    await auth.rows(...newToken(session))
    await revoke(session)
    for (const wanted of [
      'revoked_at = null, revoked_by = null',
      "revoked_at = now() + interval '1 hour'",
      "revoked_by = 'x'",
      "revoke_reason = 'x'",
    ])
      await root.fails('MC410', `update meander.sessions set ${wanted} where id = $1`, [session])
  })

  it('keeps person, place, origin and end', async () => {
    const session = await logIn('ola')
    for (const wanted of [
      `user_id = '${people.mari.id}'`,
      `organization_id = '${organizations.nhf}'`,
      "created_at = now() - interval '1 hour'",
      "expires_at = expires_at + interval '1 second'",
      'id = gen_random_uuid()',
      `support_access_grant_id = gen_random_uuid()`,
    ])
      await root.fails('MC410', `update meander.sessions set ${wanted} where id = $1`, [session])
    await root.rows("update meander.sessions set expires_at = expires_at - interval '1 day' where id = $1", [
      session,
    ])
  })

  it('is a grant as well: neither longer nor back', async () => {
    const grant = await seedGrant(server, database, 'siv', 'hlf')
    for (const wanted of [
      "expires_at = expires_at + interval '1 second'",
      `organization_id = '${organizations.nhf}'`,
      `grantee_user_id = '${people.gro.id}'`,
      'created_xid = pg_current_xact_id()',
      "created_at = now() - interval '1 day'",
    ])
      await root.fails('MC410', `update meander.support_access_grants set ${wanted} where id = $1`, [grant])
    await root.rows(
      "update meander.support_access_grants set revoked_at = now(), revoked_by = 'kari' where id = $1",
      [grant],
    )
    await root.fails(
      'MC410',
      'update meander.support_access_grants set revoked_at = null, revoked_by = null where id = $1',
      [grant],
    )
  })

  it('is an account only by the functions that do the whole act', async () => {
    for (const login of [
      root,
      await asLogin(server, database, 'admin'),
      auth,
      await asLogin(server, database, 'directory'),
    ]) {
      const change = `update meander.users set status = 'deactivated', deactivated_at = now() where id = '${people.liv.id}'`
      // The owner sees no row of it; the superuser sees it and is refused.
      if (login.login === 'admin') await login.rows(change)
      else await login.fails(login === root ? 'MC403' : '42501', change)
    }
    expect(await root.value('select status from meander.users where id = $1', [people.liv.id])).toBe('active')
  })
})

describe('the Authentication Module', () => {
  it('ends a session whole and on the record, at logout and at token reuse', async () => {
    for (const cause of ['logout', 'token_reuse']) {
      const session = await logIn('ola')
      const first = await auth.value(...newToken(session))
      await auth.rows(...rotate(first))
      await auth.rows(...newToken(session, "interval '9 minutes'", first))
      const told = JSON.parse(
        (await auth.value('select meander.end_session($1, $2)', [session, cause])) ?? '',
      )
      expect(told.summary).toMatchObject({ revoked: 1, refreshTokensRevoked: 1, accessTokensBlocked: 2 })
      expect(
        await root.rows(
          'select organization_id, actor, actor_user_id, action, reason from meander.audit_log where target_id = $1',
          [session],
        ),
      ).toEqual([
        {
          organization_id: organizations.hlf,
          actor: 'auth',
          actor_user_id: null,
          action: 'session.revoked',
          reason: cause,
        },
      ])
      const again = JSON.parse(
        (await auth.value('select meander.end_session($1, $2)', [session, cause])) ?? '',
      )
      expect(again.summary).toMatchObject({ revoked: 0, alreadyRevoked: 1 })
      expect(await root.value('select count(*) from meander.audit_log where target_id = $1', [session])).toBe(
        '1',
      )
    }
  })

  it('ends nothing unnamed, unknown or for a reason of its own', async () => {
    const session = await logIn('ola')
    await auth.fails('MC400', 'select meander.end_session(null, $1)', ['logout'])
    await auth.fails('MC400', 'select meander.end_session($1, null)', [session])
    await auth.fails('MC400', 'select meander.end_session($1, $2)', [session, 'because'])
    await auth.fails('MC404', 'select meander.end_session($1, $2)', [randomUUID(), 'logout'])
    await auth.rows('begin isolation level repeatable read')
    await auth.fails('MC412', 'select meander.end_session($1, $2)', [session, 'logout'])
    await auth.rows('rollback')
    for (const login of ['kari', 'publisher', 'directory', 'stranger'])
      await (await asLogin(server, database, login)).fails('42501', 'select meander.end_session($1, $2)', [
        session,
        'logout',
      ])
  })

  it('changes nothing else and reads no operator and no record', async () => {
    const session = await logIn('ola')
    const token = await auth.value(...newToken(session))
    for (const statement of [
      `update meander.sessions set revoked_at = now(), revoked_by = 'auth' where id = '${session}'`,
      `update meander.sessions set expires_at = 'infinity' where id = '${session}'`,
      `update meander.sessions set user_agent = 'x' where id = '${session}'`,
      `update meander.refresh_tokens set revoked_at = now() where id = '${token}'`,
      `update meander.refresh_tokens set access_expires_at = now() where id = '${token}'`,
      `delete from meander.sessions where id = '${session}'`,
      'delete from meander.refresh_tokens',
      "update meander.users set role = 'org_admin'",
      "insert into meander.support_access_grants (organization_id, grantee_user_id, granted_by, reason, expires_at) select id, null, 'x', 'x', now() from meander.organizations",
      'update meander.support_access_grants set revoked_at = now()',
      'insert into meander.token_blocklist (jti) values (gen_random_uuid())',
      'update meander.token_blocklist set published_at = now()',
      'delete from meander.token_blocklist',
      'update meander.organization_settings set idle_timeout = null',
      "insert into meander.organizations (slug, name) values ('x', 'x')",
      'select * from meander.operators',
      'select * from meander.audit_log',
      'select * from meander.audit_heads',
      'select * from meander.intents',
      'select * from meander.requests',
      'select * from meander.session_details',
    ])
      await auth.fails('42501', statement)
    for (const call of [
      'meander.revoke_sessions(null, null, null, null)',
      "meander.list_sessions('{}', 'created', null, null, 1)",
      'meander.claim_blocklist(1)',
    ])
      await auth.fails('42501', `select * from ${call}`)
    expect(JSON.parse((await auth.value('select meander.whoami()')) ?? '')).toMatchObject({
      kind: 'authentication',
      organizations: [],
    })
  })
})

describe('the publisher', () => {
  it('claims and marks what is blocked anywhere, and sees nothing else', async () => {
    const [here, there] = await seedSessions(server, database, [{ person: 'mari' }, { person: 'per' }])
    await revoke(here?.id ?? '')
    await (await asLogin(server, database, 'nils')).rows(
      'select meander.revoke_sessions($1, $2, null, null)',
      [[there?.id], 'lost'],
    )
    const publisher = await asLogin(server, database, 'publisher')
    const other = await asLogin(server, database, 'publisher')
    await publisher.rows('begin')
    const claimed = (await publisher.rows('select jti, remaining_ms from meander.claim_blocklist(1000)')) as {
      jti: string
      remaining_ms: string
    }[]
    expect(claimed.map(({ jti }) => jti)).toEqual(expect.arrayContaining([here?.jtis[0], there?.jtis[0]]))
    for (const { remaining_ms } of claimed) expect(Number(remaining_ms)).toBeLessThanOrEqual(15 * 60_000)
    expect(await other.rows('select * from meander.claim_blocklist(1000)')).toEqual([])
    expect(await publisher.value('select meander.mark_published($1)', [[here?.jtis[0], randomUUID()]])).toBe(
      '1',
    )
    await publisher.rows('commit')
    expect(await other.rows('select jti from meander.claim_blocklist(1000)')).toHaveLength(claimed.length - 1)
    expect(await other.rows('select session_id from meander.check_token($1)', [there?.jtis[0]])).toEqual([
      { session_id: there?.id },
    ])
    expect(JSON.parse((await other.value('select meander.whoami()')) ?? '')).toMatchObject({
      kind: 'publisher',
      organizations: [],
    })

    const tables = await root.rows<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'meander'",
    )
    for (const { name } of tables) {
      for (const statement of [
        `select from meander.${name}`,
        `delete from meander.${name}`,
        `insert into meander.${name} default values`,
      ])
        await other.fails('42501', statement)
    }
    for (const call of [
      "list_sessions('{}', 'created', null, null, 1)",
      'get_session(null)',
      'residual_access(null)',
      'end_session(null, null)',
    ])
      await other.fails('42501', `select * from meander.${call}`)
  })

  it('shares what expired with nobody', async () => {
    const [session] = await seedSessions(server, database, [{ person: 'mari' }])
    await revoke(session?.id ?? '')
    await past(`update meander.token_blocklist set expires_at = now() where session_id = '${session?.id}'`)
    const publisher = await asLogin(server, database, 'publisher')
    const claimed = await publisher.rows('select jti from meander.claim_blocklist(1000)')
    expect(claimed).not.toContainEqual({ jti: session?.jtis[0] })
  })
})

describe('the directory', () => {
  it('writes organizations and people', async () => {
    const directory = await asLogin(server, database, 'directory')
    const id = await directory.value(
      "insert into meander.organizations (slug, name) values ('lhl', 'Ny') returning id",
    )
    const user = await directory.value(
      `insert into meander.users (organization_id, email, display_name, role) values ($1, 'ny@lhl.example', 'Ny', 'member') returning id`,
      [id],
    )
    await directory.rows(
      "update meander.users set display_name = 'Nyere', role = 'coordinator' where id = $1",
      [user],
    )
    await directory.rows("update meander.organizations set name = 'Nyere' where id = $1", [id])
    expect(await root.value('select seq from meander.audit_heads where organization_id = $1', [id])).toBe('0')
  })

  it('deactivates nobody, moves nobody and reads nothing else', async () => {
    const directory = await asLogin(server, database, 'directory')
    for (const statement of [
      "update meander.users set status = 'deactivated'",
      'update meander.users set deactivated_at = null',
      'update meander.users set organization_id = null',
      'update meander.users set id = gen_random_uuid()',
      'delete from meander.users',
      'delete from meander.organizations',
      'update meander.organizations set id = gen_random_uuid()',
      `insert into meander.users (organization_id, email, display_name, role, status) values ('${organizations.hlf}', 'x@y.z', 'x', 'member', 'active')`,
      'select from meander.sessions',
      'select from meander.refresh_tokens',
      'select from meander.operators',
      'select from meander.audit_log',
      'select from meander.audit_heads',
      'select from meander.support_access_grants',
      'select from meander.organization_settings',
      'select from meander.token_blocklist',
      'select from meander.requests',
      'select meander.whoami()',
      'select meander.schema_version()',
      'select meander.blocklist_status()',
    ])
      await directory.fails('42501', statement)
    const shout = `insert into meander.users (organization_id, email, display_name, role) values ($1, $2, 'x', 'member')`
    await directory.fails('23514', shout, [organizations.hlf, 'SHOUT@hlf.example'])
    await directory.fails('23505', shout, [organizations.hlf, emailOf('mari')])
  })
})
