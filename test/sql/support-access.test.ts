import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, type Login } from '../support/as-login.ts'
import {
  emailOf,
  organizations,
  people,
  peopledDatabase,
  type SeededSession,
  seedGrant,
  seedSessions,
} from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'

/** gro is staff: nothing without a grant, nothing without an intent that the organization can already see. */

const server = postgresAt(inject('postgres'))
let database: string
let root: Login
let gro: Login
let session: SeededSession
let blocked: SeededSession
let foreign: SeededSession

const listSessions = (selector: object): [string, unknown[]] => [
  "select id, organization from meander.list_sessions($1, 'created', null, null, 100)",
  [JSON.stringify(selector)],
]
const intend = (name: string, args: object, organization: string | null = 'hlf', login = gro) =>
  login.rows('select * from meander.record_intent($1, $2, $3, $4, $5)', [
    organization,
    name,
    JSON.stringify(args),
    'phone lost in Bodø',
    'CASE-7',
  ])
const revoke = (...ids: string[]): [string, unknown[]] => [
  'select meander.revoke_sessions($1, $2, null, null)',
  [ids, 'phone lost'],
]
const offboard = (...ids: string[]): [string, unknown[]] => [
  'select meander.offboard_users($1, $2, $3, null)',
  [ids, ids.map(() => 'left'), ids.map(() => null)],
]

beforeAll(async () => {
  database = await peopledDatabase(server)
  root = await asLogin(server, database, server.superuser)
  const made = await seedSessions(server, database, [
    { person: 'mari', chain: 2 },
    { person: 'ola' },
    { person: 'per' },
    { person: 'nils', kind: 'portal' },
  ])
  ;[session, blocked, foreign] = made as [SeededSession, SeededSession, SeededSession]
  const kari = await asLogin(server, database, 'kari')
  await kari.rows(...revoke(blocked.id))
})

/** Grants and intents of the test before are forgotten; the record stays. */
beforeEach(async () => {
  await closeLogins()
  root = await asLogin(server, database, server.superuser)
  await root.rows('delete from meander.intents; delete from meander.support_access_grants')
  gro = await asLogin(server, database, 'gro')
})

afterAll(closeLogins)

/** Everything that gro could try under a grant, with what it must not answer. */
const nothingReadable = async (login: Login, code: string): Promise<void> => {
  await login.fails(code, ...listSessions({}))
  await login.fails(code, ...listSessions({ organization: 'hlf' }))
  await login.fails(code, ...listSessions({ user: emailOf('mari') }))
  await login.fails(code, 'select meander.get_session($1)', [session.id])
  await login.fails(code, "select * from meander.list_audit_events('{}', null, null, null, 10)")
  await login.fails(code, ...revoke(session.id))
}

describe('without a grant', () => {
  it('there is no organization, and an intent names none', async () => {
    expect(await gro.rows(...listSessions({}))).toEqual([])
    const unknown = await gro.fails('MC404', ...listSessions({ organization: 'nowhere' }))
    expect(await gro.fails('MC404', ...listSessions({ organization: 'hlf' }))).toEqual(unknown)
    expect(await gro.fails('MC404', ...listSessions({ organization: organizations.hlf }))).toEqual(unknown)
    await gro.fails('MC404', 'select meander.get_session($1)', [session.id])
    await expect(intend('list_sessions', {}, 'hlf')).rejects.toMatchObject({ code: 'MC404' })
    expect(await intend('list_sessions', {}, null)).toEqual([])
    expect(await root.value('select count(*) from meander.intents')).toBe('0')
  })

  it.each([
    ['for another person', "grantee_user_id = '33333333-0000-4000-8000-000000000002'"],
    ['that was revoked', "revoked_at = clock_timestamp(), revoked_by = 'kari'"],
    ['whose moment has come', "expires_at = clock_timestamp(), created_at = now() - interval '1 hour'"],
  ])('one %s is none', async (_, change) => {
    await seedGrant(server, database, 'gro', 'hlf')
    await intend('list_sessions', {})
    expect(await gro.rows(...listSessions({}))).toHaveLength(1)
    await root.rows(`begin; set local session_replication_role = 'replica';
      update meander.support_access_grants set ${change}; commit`)
    expect(await gro.rows(...listSessions({}))).toEqual([])
    await gro.fails('MC404', ...listSessions({ organization: 'hlf' }))
    await gro.fails('MC404', 'select meander.get_session($1)', [session.id])
    await expect(intend('list_sessions', {})).rejects.toMatchObject({ code: 'MC404' })
    const told = JSON.parse((await gro.value(...revoke(session.id))) ?? '')
    expect(told.summary).toMatchObject({ revoked: 0, notFound: 1 })
  })

  it('one made in the same transaction is none', async () => {
    await root.rows('begin')
    await root.rows(
      `insert into meander.support_access_grants (organization_id, grantee_user_id, granted_by, reason, expires_at)
       values ($1, $2, 'gro', 'myself', now() + interval '1 hour')`,
      [organizations.hlf, people.gro.id],
    )
    await root.rows('savepoint deeper')
    await root.rows('set session authorization gro')
    expect(await root.rows(...listSessions({}))).toEqual([])
    await root.fails('MC404', ...listSessions({ organization: 'hlf' }))
    await root.rows('rollback')
  })
})

describe('under a grant', () => {
  beforeEach(async () => {
    await seedGrant(server, database, 'gro', 'hlf')
  })

  it('nothing is read or tried before an intent is there', async () => {
    await nothingReadable(gro, 'MC428')
  })

  it('an intent serves nothing in its own transaction, and nothing once that is rolled back', async () => {
    await gro.rows('begin')
    await intend('list_sessions', {})
    await gro.rows('savepoint s')
    await gro.fails('MC428', ...listSessions({}))
    await gro.rows('rollback to s')
    await intend('revoke_sessions', { sessions: [session.id] })
    await gro.rows('savepoint t')
    await gro.fails('MC428', ...revoke(session.id))
    await gro.rows('rollback')
    await nothingReadable(gro, 'MC428')
    expect(await root.value('select count(*) from meander.intents')).toBe('0')
  })

  it('a committed intent serves its own call, with its pages, and no other', async () => {
    expect(await intend('list_sessions', { user: emailOf('mari') })).toEqual([
      { organization_id: organizations.hlf, organization: 'hlf' },
    ])
    expect(await gro.rows(...listSessions({ user: emailOf('mari') }))).toEqual([
      { id: session.id, organization: 'hlf' },
    ])
    expect(
      await gro.rows(
        `select id from meander.list_sessions($1, 'last-activity', 9999999999999999, '${people.mari.id}', 1)`,
        [JSON.stringify({ user: emailOf('mari') })],
      ),
    ).toHaveLength(1)
    await nothingReadable(gro, 'MC428').catch((error: Error) => {
      // The one call that it serves is the only one among them.
      expect(error.message).toContain('was not refused')
      expect(error.message).toContain('list_sessions')
    })
    await gro.fails('MC428', ...listSessions({}))
    await gro.fails('MC428', ...listSessions({ user: emailOf('ola') }))
    await gro.fails('MC428', ...listSessions({ user: emailOf('mari'), state: 'any' }))
    await gro.fails('MC428', 'select meander.get_session($1)', [session.id])
  })

  it('one intent of any kind opens no function that asks for none', async () => {
    await intend('get_session', { session: session.id })
    const [jti = ''] = blocked.jtis
    await gro.fails('MC404', 'select * from meander.check_token($1)', [jti])
    expect(await gro.rows('select live, pending from meander.blocklist_status()')).toEqual([
      { live: '0', pending: '0' },
    ])
    expect(await gro.rows('select * from meander.claim_blocklist(100)')).toEqual([])
    expect(await gro.value('select meander.mark_published($1)', [[jti]])).toBe('0')
    expect(
      JSON.parse((await gro.value('select meander.residual_access($1)', [[blocked.id]])) ?? ''),
    ).toMatchObject({
      published: 0,
      residual: [],
    })
  })

  it('another login of the same person needs an intent of its own', async () => {
    await root.rows("drop role if exists support_gro; create role support_gro login password 'correct horse'")
    await root.rows('select meander.add_operator($1, $2, null)', ['support_gro', emailOf('gro')])
    await intend('list_sessions', {})
    await (await asLogin(server, database, 'support_gro')).fails('MC428', ...listSessions({}))
    expect(await gro.rows(...listSessions({}))).toHaveLength(1)
  })

  it('an intent lasts 15 minutes', async () => {
    await intend('list_sessions', {})
    await root.rows("update meander.intents set created_at = created_at - interval '15 minutes'")
    await gro.fails('MC428', ...listSessions({}))
  })

  it('nhf is never within reach, and an intent for all means the granted', async () => {
    expect(await intend('list_sessions', {}, null)).toHaveLength(1)
    expect(await gro.rows(...listSessions({}))).toEqual([{ id: session.id, organization: 'hlf' }])
    await intend('get_session', { session: foreign.id }, null)
    await gro.fails('MC404', 'select meander.get_session($1)', [foreign.id])
    await expect(intend('list_sessions', { organization: 'nhf' }, 'nhf')).rejects.toMatchObject({
      code: 'MC404',
    })
    await gro.fails('MC404', ...listSessions({ organization: 'nhf' }))
    await intend('revoke_sessions', { sessions: [foreign.id] }, null)
    const told = JSON.parse((await gro.value(...revoke(foreign.id))) ?? '')
    expect(told.items).toEqual([
      { sessionId: foreign.id, userId: null, userEmail: null, outcome: 'notFound' },
    ])
    expect(
      await root.rows(
        "select organization_id, action from meander.audit_log where target_id = $1 and action like 'session.%'",
        [foreign.id],
      ),
    ).toEqual([{ organization_id: organizations.platform, action: 'session.revoke_refused' }])
  })

  it('with a second grant a call over both needs both to know of it', async () => {
    await seedGrant(server, database, 'gro', 'nhf')
    await intend('list_sessions', {}, 'hlf')
    await gro.fails('MC428', ...listSessions({}))
    await intend('list_sessions', {}, 'nhf')
    expect((await gro.rows(...listSessions({}))).map((row) => row.organization).sort()).toEqual([
      'hlf',
      'nhf',
      'nhf',
    ])
  })

  it('another isolation level reads nothing and changes nothing', async () => {
    await intend('list_sessions', {})
    await intend('list_sessions', { organization: 'hlf' })
    await intend('revoke_sessions', { sessions: [session.id] })
    for (const level of ['repeatable read', 'serializable']) {
      await gro.rows(`begin isolation level ${level}`)
      expect(await gro.rows(...listSessions({}))).toEqual([])
      await gro.fails('MC404', ...listSessions({ organization: 'hlf' }))
      await gro.rows('rollback')
      await gro.rows(`begin isolation level ${level}`)
      await gro.fails('MC412', ...revoke(session.id))
      await gro.rows('rollback')
    }
  })

  it('an old transaction sees the end of the grant at its next statement', async () => {
    await intend('list_sessions', {})
    await gro.rows('begin')
    expect(await gro.rows(...listSessions({}))).toHaveLength(1)
    await root.rows(
      "update meander.support_access_grants set revoked_at = clock_timestamp(), revoked_by = 'kari'",
    )
    expect(await gro.rows(...listSessions({}))).toEqual([])
    await gro.rows('commit')
  })

  it('whatever a selector is made of, it is refused by name', async () => {
    await intend('list_sessions', {})
    for (const selector of ['[]', 'null', '1', '"hlf"', '[{"state": "any"}]']) {
      await gro.fails('MC400', "select * from meander.list_sessions($1, 'created', null, null, 100)", [
        selector,
      ])
      await gro.fails('MC400', 'select * from meander.list_audit_events($1, null, null, null, 100)', [
        selector,
      ])
    }
    await gro.fails('MC400', "select * from meander.list_sessions(null, 'created', null, null, 100)")
    for (const args of ['[]', 'null', '7'])
      await gro.fails(
        'MC400',
        "select * from meander.record_intent('hlf', 'list_sessions', $1, 'why', null)",
        [args],
      )
    await gro.fails('MC400', "select * from meander.record_intent('hlf', '', '{}', 'why', null)")
    await gro.fails('MC400', 'select * from meander.record_intent($1, $2, $3, $4, null)', [
      'hlf',
      'x'.repeat(10_000),
      '{}',
      'why',
    ])
    await gro.fails(
      'MC400',
      "select * from meander.record_intent('hlf', E'list\\u001b[2J', '{}', 'why', null)",
    )
    await gro.fails('MC400', "select * from meander.record_intent('hlf', 'list_sessions', '{}', ' ', null)")
  })

  it('the organization reads who wanted what, and why', async () => {
    await intend('list_sessions', { user: emailOf('mari') })
    const kari = await asLogin(server, database, 'kari')
    const [event] = await kari.rows("select * from meander.list_audit_events('{}', null, null, null, 1)")
    expect(event).toMatchObject({
      organization: 'hlf',
      actor: 'gro',
      actor_user_id: people.gro.id,
      action: 'intent.recorded',
      target_type: 'organization',
      target_id: organizations.hlf,
      reason: 'phone lost in Bodø',
      ticket: 'CASE-7',
    })
    expect(JSON.parse(event?.details ?? '')).toEqual({
      function: 'list_sessions',
      arguments: { user: people.mari.id },
    })
  })

  it('a revocation runs under its intent, on the organization’s record, and its tokens are hers to publish', async () => {
    const [lost] = (await seedSessions(server, database, [{ person: 'liv', chain: 2 }])) as [SeededSession]
    await intend('revoke_sessions', { sessions: [lost.id] })
    await gro.fails('MC428', ...revoke(lost.id, session.id))
    expect(JSON.parse((await gro.value(...revoke(lost.id))) ?? '').summary).toMatchObject({
      revoked: 1,
      refreshTokensRevoked: 1,
      accessTokensBlocked: 2,
    })
    expect(
      await root.rows('select organization_id, actor from meander.audit_log where target_id = $1', [lost.id]),
    ).toEqual([{ organization_id: organizations.hlf, actor: 'gro' }])
    const claimed = await gro.rows<{ jti: string }>('select jti from meander.claim_blocklist(100)')
    expect(claimed.map(({ jti }) => jti).sort()).toEqual([...lost.jtis].sort())
    expect(await gro.rows('select live, pending from meander.blocklist_status()')).toEqual([
      { live: '2', pending: '2' },
    ])
    expect(await gro.value('select meander.mark_published($1)', [lost.jtis])).toBe('2')
    expect(await gro.rows('select session_id from meander.check_token($1)', [lost.jtis[0]])).toEqual([
      { session_id: lost.id },
    ])
  })

  it('an act that outlives its right is undone whole', async () => {
    const [slow] = (await seedSessions(server, database, [{ person: 'liv' }])) as [SeededSession]
    await root.rows('delete from meander.support_access_grants')
    await seedGrant(server, database, 'gro', 'hlf', '1500 milliseconds')
    await intend('revoke_sessions', { sessions: [slow.id] })
    await root.rows('begin')
    await root.rows('select from meander.refresh_tokens where session_id = $1 for update', [slow.id])
    const waiting = gro.fails('MC500', ...revoke(slow.id))
    await root.rows('select pg_sleep(2)')
    await root.rows('rollback')
    await waiting
    expect(await root.value('select revoked_at from meander.sessions where id = $1', [slow.id])).toBeNull()
  })

  it('an off-boarding that outlives its right is undone whole', async () => {
    await root.rows('delete from meander.support_access_grants')
    await seedGrant(server, database, 'gro', 'hlf', '1500 milliseconds')
    await intend('offboard_users', { users: [people.liv.id] })
    const before = await root.value('select count(*) from meander.audit_log')
    await root.rows('begin')
    await root.rows('select from meander.sessions where user_id = $1 for update', [people.liv.id])
    const waiting = gro.fails('MC500', ...offboard(people.liv.id))
    await root.rows('select pg_sleep(2)')
    await root.rows('rollback')
    await waiting
    expect(await root.value('select status from meander.users where id = $1', [people.liv.id])).toBe('active')
    expect(await root.value('select count(*) from meander.audit_log')).toBe(before)
  })

  it('a refused off-boarding tells nothing of an organization that has another intent only', async () => {
    await seedGrant(server, database, 'gro', 'nhf')
    await intend('list_users', {}, 'nhf')
    await intend('offboard_users', { users: [people.nils.id] }, 'hlf')
    const told = JSON.parse((await gro.value(...offboard(people.nils.id))) ?? '')
    expect(told.items).toEqual([
      { userId: people.nils.id, email: null, outcome: 'notFound', message: 'no such user within your reach' },
    ])
  })

  it('the grant cannot be revoked in the middle of an act', async () => {
    const [busy] = (await seedSessions(server, database, [{ person: 'liv' }])) as [SeededSession]
    await intend('revoke_sessions', { sessions: [busy.id] })
    await gro.rows('begin')
    await gro.rows(...revoke(busy.id))
    await root.fails(
      '55P03',
      "set lock_timeout = '200ms'; update meander.support_access_grants set revoked_at = now(), revoked_by = 'kari'",
    )
    await gro.rows('commit')
  })
})
