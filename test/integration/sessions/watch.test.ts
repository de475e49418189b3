import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { MeanderError } from '../../../src/errors.ts'
import type { Database } from '../../../src/postgres/database.ts'
import type { Purpose } from '../../../src/service/on-record.ts'
import { Watch, type WatchNews, type WatchQuery } from '../../../src/service/sessions/watch.ts'
import { asLogin, closeLogins, connectAs, type Login } from '../../support/as-login.ts'
import {
  organizations,
  type Person,
  people,
  peopledDatabase,
  seedGrant,
  seedSessions,
} from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { startProxy } from '../../support/tcp-proxy.ts'

const server = postgresAt(inject('postgres'))
const purpose: Purpose = { reason: 'watching', ticket: 'INC-7' }
let database: string
let root: Login
let auth: Login
const watching: Watcher[] = []

beforeEach(async () => {
  database = await peopledDatabase(server)
  root = await asLogin(server, database, server.superuser)
  auth = await asLogin(server, database, 'auth')
})
afterEach(async () => {
  for (const watcher of watching.splice(0)) await watcher.stop()
  await closeLogins()
})

interface Watcher {
  readonly news: WatchNews[]
  /** `event device` of what was seen so far, in the order in which it came. */
  seen(): string[]
  until(done: () => boolean): Promise<void>
  /** What ended it. */
  stop(): Promise<unknown>
}

const watchAs = async (
  login: string,
  query: Partial<WatchQuery> = {},
  at: typeof server = server,
): Promise<Watcher> => {
  const opened: Database[] = []
  const connect = async () => {
    const db = await connectAs(at, database, login)
    opened.push(db)
    return db
  }
  const first = connect()
  const watch = new Watch({ database: () => first, connect, blocklist: async () => null })
  const aborter = new AbortController()
  const news: WatchNews[] = []
  const ended = (async () => {
    const all = watch.news(
      { selector: {}, scope: 'reach', intervalMs: 50, ...query },
      purpose,
      aborter.signal,
    )
    for await (const one of all) if (one.kind !== 'events' || one.events.length > 0) news.push(one)
  })().catch((error: unknown) => error)
  let over = false
  void ended.then(() => {
    over = true
  })
  const watcher: Watcher = {
    news,
    seen: () =>
      news.flatMap((one) =>
        one.kind === 'events' ? one.events.map(({ event, deviceName }) => `${event} ${deviceName}`) : [],
      ),
    async until(done) {
      const deadline = Date.now() + 15_000
      while (!done()) {
        if (over || Date.now() > deadline) {
          throw new Error(`did not come: ${JSON.stringify(news)} ${over ? await ended : ''}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    async stop() {
      aborter.abort(new MeanderError('INTERRUPTED', 'enough'))
      const reason = await ended
      await watch.close()
      for (const db of opened) await db.close().catch(() => {})
      return reason
    },
  }
  watching.push(watcher)
  await watcher.until(() => over || news.some(({ kind }) => kind === 'watching'))
  return watcher
}

/** A login through the Authentication Module's own statements; returns the session and its refresh token. */
const logIn = async (
  who: Login,
  person: Person,
  device: string,
  expires = '1 hour',
  grant: string | null = null,
) => {
  const { id, organization } = people[person]
  const [session, token] = [randomUUID(), randomUUID()]
  await who.rows(
    `insert into meander.sessions (id, user_id, organization_id, kind, device_name, ip, expires_at, support_access_grant_id)
     values ($1, $2, $3, 'mobile', $4, '198.51.100.9', clock_timestamp() + $5::interval, $6)`,
    [session, id, organizations[organization ?? 'hlf'], device, expires, grant],
  )
  await issue(who, session, token, null)
  return { session, token }
}
const issue = (who: Login, session: string, token: string, parent: string | null) =>
  who.rows(
    `insert into meander.refresh_tokens (id, session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at)
     select $1::uuid, id, organization_id, $3::uuid, sha256(uuid_send($1::uuid)), gen_random_uuid(), clock_timestamp() + interval '500 milliseconds'
     from meander.sessions where id = $2::uuid`,
    [token, session, parent],
  )
const refresh = async ({ session, token }: { session: string; token: string }) => {
  await auth.rows('update meander.refresh_tokens set rotated_at = clock_timestamp() where id = $1', [token])
  await issue(auth, session, randomUUID(), token)
}

describe('events', () => {
  it('come once each, of one’s own organization and of what the selector names', async () => {
    const all = await watchAs('kari')
    const mari = await watchAs('ada', { selector: { user: people.mari.id, state: 'any' } })
    const own = await watchAs('kari', { scope: 'own' })
    const phone = await logIn(auth, 'mari', 'phone')
    await logIn(auth, 'per', 'foreign')
    await logIn(auth, 'kari', 'desk', '1500 milliseconds')
    await refresh(phone)
    const kari = await asLogin(server, database, 'kari')
    await kari.rows('select meander.revoke_sessions($1, $2, null, null)', [[phone.session], 'stolen'])
    const expected = ['login phone', 'login desk', 'refresh phone', 'revoked phone', 'expired desk']
    await all.until(() => all.seen().length >= expected.length)
    await mari.until(() => mari.seen().length >= 3)
    await own.until(() => own.seen().length >= 2)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(all.seen()).toEqual(expected)
    expect(mari.seen()).toEqual(['login phone', 'refresh phone', 'revoked phone'])
    expect(own.seen()).toEqual(['login desk', 'expired desk'])
    const last = all.news.flatMap((one) => (one.kind === 'events' ? one.events : []))[3]
    expect(last).toMatchObject({
      id: phone.session,
      organization: 'hlf',
      state: 'revoked',
      revokedBy: 'kari',
      revokeReason: 'stolen',
      refreshTokenId: null,
    })
    expect(await all.stop()).toMatchObject({ code: 'INTERRUPTED' })
  })

  it('of a transaction that took long come late, and are not missed', async () => {
    // Under way before the watch begins, with a moment that lies far before every later look.
    await root.rows("begin; set local session_replication_role = 'replica'")
    await root.rows('savepoint one')
    await root.rows(
      `insert into meander.sessions (user_id, organization_id, kind, device_name, created_at, expires_at)
       values ($1, $2, 'mobile', 'long', clock_timestamp() - interval '40 seconds', clock_timestamp() + interval '1 hour')`,
      [people.mari.id, organizations.hlf],
    )
    const watcher = await watchAs('kari')
    await logIn(auth, 'ola', 'short')
    await watcher.until(() => watcher.seen().length === 1)
    await root.rows('commit')
    await watcher.until(() => watcher.seen().length === 2)
    await logIn(auth, 'ola', 'after')
    await watcher.until(() => watcher.seen().length === 3)
    expect(watcher.seen()).toEqual(['login short', 'login long', 'login after'])
  })

  it('of every limit that can end a session come when its moment has passed', async () => {
    await root.rows(
      `insert into meander.organization_settings (organization_id, idle_timeout, absolute_lifetime)
       values ($1, '1 hour', '10 days')`,
      [organizations.hlf],
    )
    const grant = await seedGrant(server, database, 'gro', 'hlf', '2 seconds')
    await seedSessions(server, database, [
      { person: 'mari', deviceName: 'idle', activeAgo: '59 minutes 58 seconds' },
      { person: 'mari', deviceName: 'old', createdAgo: '9 days 23 hours 59 minutes 58 seconds' },
      { person: 'mari', deviceName: 'own', expiresIn: '2 seconds' },
      { person: 'gro', organization: 'hlf', deviceName: 'granted', grant },
      { person: 'mari', deviceName: 'alive' },
    ])
    const watcher = await watchAs('kari')
    await watcher.until(() => watcher.seen().length >= 4)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(watcher.seen().sort()).toEqual(['expired granted', 'expired idle', 'expired old', 'expired own'])
  })

  it('of one moment that fill several pages come all, and once', async () => {
    await root.rows(
      `set session_replication_role = replica;
       insert into meander.sessions (user_id, organization_id, kind, device_name, created_at, expires_at)
       select '${people.mari.id}', '${organizations.hlf}', 'mobile', n::text, now() - interval '1 day', now() + interval '1 day'
       from generate_series(1, 12000) as n`,
    )
    const watcher = await watchAs('kari')
    await root.rows(
      `update meander.sessions set revoked_at = statement_timestamp(), revoked_by = 'kari', revoke_reason = 'all'`,
    )
    await watcher.until(() => watcher.seen().length >= 12_000)
    expect(new Set(watcher.seen()).size).toBe(12_000)
    expect(watcher.seen()).toHaveLength(12_000)
  })
})

describe('a lost connection', () => {
  it('is said, waited for, and nothing of the time between is missed', async () => {
    const proxy = await startProxy(server)
    try {
      const watcher = await watchAs('kari', {}, { ...server, host: proxy.host, port: proxy.port })
      await logIn(auth, 'mari', 'before')
      await watcher.until(() => watcher.seen().length === 1)
      proxy.cut({ refuse: true })
      await watcher.until(() => watcher.news.some(({ kind }) => kind === 'lost'))
      await logIn(auth, 'mari', 'between')
      await new Promise((resolve) => setTimeout(resolve, 700))
      proxy.heal()
      await watcher.until(() => watcher.news.some(({ kind }) => kind === 'back'))
      await logIn(auth, 'mari', 'after')
      await watcher.until(() => watcher.seen().length === 3)
      expect(watcher.seen()).toEqual(['login before', 'login between', 'login after'])
      expect(watcher.news.filter(({ kind }) => kind === 'lost')).toHaveLength(1)
    } finally {
      for (const watcher of watching.splice(0)) await watcher.stop()
      await proxy.close()
    }
  })

  it('a session that the server ends is made anew', async () => {
    const watcher = await watchAs('kari')
    await root.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'kari' and datname = $1",
      [database],
    )
    await watcher.until(() => watcher.news.some(({ kind }) => kind === 'back'))
    await logIn(auth, 'mari', 'after')
    await watcher.until(() => watcher.seen().length === 1)
  })
})

describe('a right', () => {
  const recorded = async () =>
    root.rows(
      `select actor, reason, ticket, count(*) from meander.audit_log
       where action = 'intent.recorded' and details->>'function' = 'list_session_changes' group by 1, 2, 3`,
    )

  it('under a grant is on the record, said again before it lapses, and its end ends the watch', async () => {
    const [hlf] = [
      await seedGrant(server, database, 'gro', 'hlf'),
      await seedGrant(server, database, 'gro', 'nhf'),
    ]
    const watcher = await watchAs('gro')
    await logIn(auth, 'mari', 'one')
    await logIn(auth, 'per', 'two')
    await watcher.until(() => watcher.seen().length === 2)
    expect(await recorded()).toEqual([{ actor: 'gro', reason: 'watching', ticket: 'INC-7', count: '2' }])

    await root.rows(`update meander.intents set created_at = created_at - interval '16 minutes'`)
    await logIn(auth, 'mari', 'three')
    await watcher.until(() => watcher.seen().length === 3)
    expect(await recorded()).toMatchObject([{ count: '4' }])

    const kari = await asLogin(server, database, 'kari')
    await kari.rows('select meander.revoke_grants($1, $2, null, null)', [[hlf], 'enough'])
    await watcher.until(() => watcher.news.some(({ kind }) => kind === 'withdrawn'))
    expect(watcher.news.find(({ kind }) => kind === 'withdrawn')).toMatchObject({
      message: 'The support access to hlf has ended.',
    })
    await logIn(auth, 'mari', 'unseen')
    await logIn(auth, 'per', 'four')
    await watcher.until(() => watcher.seen().length === 4)
    expect(watcher.seen().at(-1)).toBe('login four')

    await root.rows(
      `update meander.support_access_grants set expires_at = clock_timestamp() where revoked_at is null`,
    )
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await watcher.stop()).toMatchObject({
      code: 'REFUSED',
      message: 'The support access to nhf has ended. Nothing is left to watch.',
    })
  })

  it('to one organization that ends, ends the watch of it with its cause', async () => {
    const grant = await seedGrant(server, database, 'gro', 'hlf')
    const watcher = await watchAs('gro', { selector: { organization: 'hlf' } })
    const kari = await asLogin(server, database, 'kari')
    await kari.rows('select meander.revoke_grants($1, $2, null, null)', [[grant], 'enough'])
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await watcher.stop()).toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('hlf has ended'),
    })
  })

  it('of a disabled operator ends it, and nobody begins without one', async () => {
    const watcher = await watchAs('kari')
    await root.rows('update meander.operators set disabled_at = clock_timestamp() where login = $1', ['kari'])
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await watcher.stop()).toMatchObject({ code: 'UNAUTHENTICATED' })
    for (const [login, selector, code] of [
      ['stranger', {}, 'UNAUTHENTICATED'],
      ['siv', {}, 'REFUSED'],
      ['nils', { organization: 'hlf' }, 'NOT_FOUND'],
      ['nils', { organization: 'nowhere' }, 'NOT_FOUND'],
      ['nils', { user: people.mari.id }, 'NOT_FOUND'],
    ] as const) {
      await expect(
        watchAs(login, { selector }).then((one) => one.stop()),
        login,
      ).resolves.toMatchObject({ code })
    }
  })
})
