import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, type Login } from '../support/as-login.ts'
import { ended as endedBy, leftOf, untouched } from '../support/left-of.ts'
import { people, peopledDatabase, seedGrant, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'

/** What the Authentication Module may do for a person whom it has let in, and whom a login may name beside itself. */

const server = postgresAt(inject('postgres'))
let database: string
let auth: Login
let root: Login

beforeAll(async () => {
  database = await peopledDatabase(server)
  auth = await asLogin(server, database, 'auth')
  root = await asLogin(server, database, server.superuser)
})
afterAll(closeLogins)

const sessionsOf = async (user: string) =>
  (await auth.rows<{ id: string }>('select id from meander.list_user_sessions($1)', [user])).map(
    ({ id }) => id,
  )
const result = async (text: string, values: unknown[]) => JSON.parse((await auth.value(text, values)) ?? '')
const eventsOf = (target: string) =>
  root.rows(
    `select o.slug, a.actor, a.actor_user_id, a.action, a.reason, a.details ->> 'onBehalfOf' as on_behalf_of
     from meander.audit_log a join meander.organizations o on o.id = a.organization_id
     where a.target_id = $1 order by a.seq`,
    [target],
  )

describe('own sessions', () => {
  const byTheUser = (user: string, slug = 'hlf') => [
    {
      slug,
      actor: 'auth',
      actor_user_id: user,
      action: 'session.revoked',
      reason: 'user_request',
      on_behalf_of: null,
    },
  ]

  it('are listed while they are active, the latest first, those under a grant too', async () => {
    const grant = await seedGrant(server, database, 'siv', 'hlf')
    const [old, ours, expired, recent, under] = await seedSessions(server, database, [
      { person: 'siv', activeAgo: '2 hours' },
      { person: 'mari' },
      { person: 'siv', expiresIn: '-1 minute' },
      { person: 'siv', activeAgo: '1 minute' },
      { person: 'siv', organization: 'hlf', grant, activeAgo: '1 hour' },
    ])
    expect(expired).toBeDefined()
    expect(await sessionsOf(people.siv.id)).toEqual([recent?.id, under?.id, old?.id])
    expect(await sessionsOf(people.mari.id)).toEqual([ours?.id])
    expect(await sessionsOf(people.per.id)).toEqual([])
    await auth.fails('MC404', 'select meander.list_user_sessions($1)', [randomUUID()])
    await auth.fails('MC404', 'select meander.list_user_sessions(null)')
  })

  it('end one by one, whole, with their person as the actor', async () => {
    const [one, other] = await seedSessions(server, database, [
      { person: 'ola', chain: 3 },
      { person: 'ola' },
    ])
    const ended = await result('select meander.end_user_session($1, $2)', [people.ola.id, one?.id])
    expect(ended.summary).toMatchObject({
      requested: 1,
      revoked: 1,
      refreshTokensRevoked: 1,
      accessTokensBlocked: 3,
    })
    expect(await leftOf(server, database, one?.id ?? '')).toEqual(endedBy('user_request', 'auth'))
    expect(await eventsOf(one?.id ?? '')).toEqual(byTheUser(people.ola.id))
    expect(await sessionsOf(people.ola.id)).toEqual([other?.id])

    const again = await result('select meander.end_user_session($1, $2)', [people.ola.id, one?.id])
    expect(again.summary).toMatchObject({ revoked: 0, alreadyRevoked: 1 })
    expect(await eventsOf(one?.id ?? '')).toHaveLength(1)
  })

  it('all end but the one that asks, and nobody else’s', async () => {
    const seeds = await seedSessions(server, database, [
      { person: 'ada' },
      { person: 'ada', kind: 'portal' },
      { person: 'ada', expiresIn: '-1 minute' },
      { person: 'per' },
    ])
    const [here = '', there = '', over = '', theirs = ''] = seeds.map(({ id }) => id)
    const foreign = await auth.fails('MC404', 'select meander.end_other_sessions($1, $2)', [
      people.ada.id,
      theirs,
    ])
    const unknown = await auth.fails('MC404', 'select meander.end_other_sessions($1, $2)', [
      people.ada.id,
      randomUUID(),
    ])
    expect(foreign).toEqual(unknown)
    expect(await sessionsOf(people.ada.id)).toHaveLength(2)

    const ended = await result('select meander.end_other_sessions($1, $2)', [people.ada.id, here])
    expect(ended.summary).toMatchObject({ requested: 2, revoked: 1, alreadyExpired: 1 })
    expect(await sessionsOf(people.ada.id)).toEqual([here])
    expect(await sessionsOf(people.per.id)).toEqual([theirs])
    for (const id of [there, over]) expect(await eventsOf(id)).toEqual(byTheUser(people.ada.id))

    const nothing = await result('select meander.end_other_sessions($1, $2)', [people.ada.id, here])
    expect(nothing).toMatchObject({ summary: { requested: 0, revoked: 0 }, items: [] })
  })

  it('of somebody who logs in at that moment are ended too', async () => {
    const [here] = await seedSessions(server, database, [{ person: 'liv' }])
    const login = await asLogin(server, database, 'auth')
    await login.rows('begin')
    const id = await login.value(
      `insert into meander.sessions (id, user_id, organization_id, kind, expires_at)
       values (gen_random_uuid(), $1, $2, 'mobile', now() + interval '1 day') returning id`,
      [people.liv.id, '11111111-0000-4000-8000-000000000000'],
    )
    const ending = result('select meander.end_other_sessions($1, $2)', [people.liv.id, here?.id])
    await expect
      .poll(() =>
        root.value(
          "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        ),
      )
      .toBe('1')
    await login.rows('commit')
    expect((await ending).items).toMatchObject([{ sessionId: id, outcome: 'revoked' }])
  })

  it('of another are as good as none, and nobody but the module may ask', async () => {
    const [theirs] = await seedSessions(server, database, [{ person: 'nils' }])
    const call = 'select meander.end_user_session($1, $2)'
    const foreign = await auth.fails('MC404', call, [people.ola.id, theirs?.id])
    expect(await auth.fails('MC404', call, [people.ola.id, randomUUID()])).toEqual(foreign)
    await auth.fails('MC400', call, [people.ola.id, null])
    await auth.fails('MC400', call, [null, theirs?.id])
    for (const statement of [
      'list_user_sessions(null)',
      'end_user_session(null, null)',
      'end_other_sessions(null, null)',
    ])
      for (const who of ['kari', 'gro', 'admin', 'publisher', 'stranger']) {
        const login = await asLogin(server, database, who)
        await login.fails('42501', `select meander.${statement}`)
        await login.close()
      }
    expect(await eventsOf(theirs?.id ?? '')).toEqual([])
    await auth.rows('begin isolation level repeatable read')
    await auth.fails('MC412', call, [people.nils.id, theirs?.id])
    await auth.rows('rollback')
  })
})

describe('on behalf of', () => {
  const revoke = async (login: Login, session: string, name: string | null) => {
    await login.rows('begin isolation level read committed')
    try {
      if (name !== null) await login.rows("select set_config('meander.on_behalf_of', $1, true)", [name])
      const done = await login.value('select meander.revoke_sessions($1, $2, null, null)', [
        [session],
        'lost',
      ])
      await login.rows('commit')
      return JSON.parse(done ?? '')
    } catch (error) {
      await login.rows('rollback')
      return error as { code: string; message: string; detail?: string; hint?: string }
    }
  }

  it('a user of the organization is named beside the login, in the hash, and opens nothing', async () => {
    const kari = await asLogin(server, database, 'kari')
    const [ours, theirs] = await seedSessions(server, database, [{ person: 'mari' }, { person: 'per' }])
    expect(await revoke(kari, ours?.id ?? '', people.liv.id)).toMatchObject({ summary: { revoked: 1 } })
    expect(await eventsOf(ours?.id ?? '')).toMatchObject([
      { slug: 'hlf', actor: 'kari', actor_user_id: people.kari.id, on_behalf_of: people.liv.id },
    ])
    expect(await revoke(kari, theirs?.id ?? '', people.liv.id)).toMatchObject({ summary: { notFound: 1 } })
    expect(await eventsOf(theirs?.id ?? '')).toMatchObject([
      { slug: 'hlf', action: 'session.revoke_refused', on_behalf_of: people.liv.id },
    ])
    // The setting ended with its transaction.
    const [later] = await seedSessions(server, database, [{ person: 'mari' }])
    await revoke(kari, later?.id ?? '', null)
    expect(await eventsOf(later?.id ?? '')).toMatchObject([{ on_behalf_of: null }])
  })

  it('refuses a foreign user and an unknown one alike, and then nothing is done', async () => {
    const kari = await asLogin(server, database, 'kari')
    const [ours] = await seedSessions(server, database, [{ person: 'mari' }])
    const foreign = await revoke(kari, ours?.id ?? '', people.nils.id)
    expect(foreign).toMatchObject({ code: 'MC404' })
    for (const name of [randomUUID(), people.gro.id, 'nobody']) {
      const { message, detail, hint } = await revoke(kari, ours?.id ?? '', name)
      expect({ message, detail, hint }).toEqual({
        message: foreign.message,
        detail: foreign.detail,
        hint: foreign.hint,
      })
    }
    expect(await eventsOf(ours?.id ?? '')).toEqual([])
    expect(await leftOf(server, database, ours?.id ?? '')).toEqual(untouched())
  })
})
