import { setTimeout as sleep } from 'node:timers/promises'
import { decodeJwt, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { asLogin } from '../support/as-login.ts'
import { startRestless } from '../support/clients/restless.ts'
import { emailOf, organizations, people } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { type Phone, revoked, type Stage, sessionOf, setStage } from './stage.ts'

/** What other platforms got wrong, each tried against real clients: spent tokens, races, windows that end, dead stores. */

const server = postgresAt(inject('postgres'))
const because = ['--reason', 'locked out', '--yes', '-o', 'json']
let stage: Stage
beforeAll(async () => {
  stage = await setStage(server, 'redis')
})
afterAll(() => stage?.strike())

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const tokensOf = ({ store }: Phone) => {
  const tokens = store.load()
  if (!tokens) throw new Error('the phone was not signed in')
  return tokens
}
const query = <R extends object>(text: string) => server.query<R>(text, [], stage.database)
const nothingPending = async () =>
  expect(await query('select from meander.token_blocklist where published_at is null')).toEqual([])

describe('a refresh token', () => {
  test('that comes back after it was spent ends the session for both who hold it, on the record', async () => {
    const { phone, refresh, expectPhoneGone, expectServed } = stage
    const [owner, other] = [await phone('ola'), await phone('ola')]
    const stolen = tokensOf(owner).refreshToken
    const session = await sessionOf(owner.client)
    await owner.client.refresh()
    await owner.client.refresh()
    expect(await refresh(stolen)).toEqual(revoked)
    await expectPhoneGone(owner)
    expect(await refresh(stolen)).toEqual(revoked)
    await nothingPending()
    expect(
      await query(
        `select actor, reason, details ->> 'accessTokensBlocked' as blocked from meander.audit_log where target_id = '${session}'`,
      ),
    ).toEqual([{ actor: 'module', reason: 'token_reuse', blocked: '3' }])
    await expectServed(other)
  })

  test('that two spend at the same moment is one too many', async () => {
    const phone = await stage.phone('ola')
    const { refreshToken } = tokensOf(phone)
    const answers = await Promise.all([stage.refresh(refreshToken), stage.refresh(refreshToken)])
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    expect(answers).toContainEqual(revoked)
    expect((await stage.ask('/me', bearer(tokensOf(phone).accessToken))).status).toBe(401)
  })

  test('that is none of ours is told apart, and so is one of a session that ran out', async () => {
    const phone = await stage.phone('ola')
    expect(await stage.refresh('made up')).toEqual({ status: 401, body: { error: 'invalid_token' } })
    const session = await sessionOf(phone.client)
    await query(`update meander.sessions set expires_at = clock_timestamp() where id = '${session}'`)
    expect(await stage.refresh(tokensOf(phone).refreshToken)).toEqual(revoked)
  })
})

describe('an access token', () => {
  test('that has expired is replaced once for all who wait, without a word', async () => {
    const brief = await setStage(server, 'database', { accessTokenSeconds: 3 })
    try {
      const phone = await brief.phone('ola')
      const { accessToken } = tokensOf(phone)
      await sleep(3000)
      expect(await brief.ask('/me', bearer(accessToken))).toEqual({
        status: 401,
        body: { error: 'token_expired' },
      })
      const [before] = await server.query<{ n: number }>(
        'select count(*)::int as n from meander.refresh_tokens',
        [],
        brief.database,
      )
      const sent = brief.sent()
      await Promise.all([1, 2, 3, 4, 5].map(() => phone.client.get('/me')))
      expect(brief.sent() - sent).toBe(5 + 1 + 5)
      expect(
        await server.query('select count(*)::int as n from meander.refresh_tokens', [], brief.database),
      ).toEqual([{ n: (before?.n ?? 0) + 1 }])
    } finally {
      await brief.strike()
    }
  })

  test('whose session a new policy shortens between asking and signing is asked for again', async () => {
    const shorten = `insert into meander.organization_settings (organization_id, absolute_lifetime)
      values ('${organizations.nhf}', '5 minutes')`
    const holder = await asLogin(server, stage.database, server.superuser)
    // The login has asked for its deadline and waits here with its refresh token.
    await holder.rows('begin; lock table meander.refresh_tokens in share row exclusive mode')
    const login = stage.phone('per')
    await expect
      .poll(() =>
        query(`select from pg_locks l join pg_database d on d.oid = l.database
          where d.datname = current_database() and l.relation = 'meander.refresh_tokens'::regclass and not l.granted`),
      )
      .toHaveLength(1)
    await query(shorten)
    await holder.rows('commit')
    await holder.close()
    const { accessToken } = tokensOf(await login)
    const { exp = 0 } = decodeJwt(accessToken)
    expect(exp * 1000 - Date.now()).toBeLessThanOrEqual(5 * 60_000)
    expect(stage.platform.failures).toEqual([])
  })

  test('is no cookie, a cookie is no access token, and neither is what somebody else signed', async () => {
    const [phone, portal] = [await stage.phone('ola'), await stage.portal('ola')]
    const invalid = { status: 401, body: { error: 'invalid_token' } }
    const [name, cookie = ''] = portal.cookie?.split(';')[0]?.split('=') ?? []
    expect(portal.cookie).toMatch(
      /^__Host-meander_session=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    const { accessToken } = tokensOf(phone)
    const forged = await new SignJWT({ sid: await sessionOf(phone.client) })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience('api')
      .setExpirationTime('5 minutes')
      .sign(new TextEncoder().encode('a key that anybody can make up, long enough'))
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${accessToken.split('.')[1]}.`
    for (const token of [cookie, forged, unsigned, `${accessToken.slice(0, -4)}AAAA`, 'x'])
      expect(await stage.ask('/me', bearer(token))).toEqual(invalid)
    expect(await stage.ask('/me', { headers: { cookie: `${name}=${accessToken}` } })).toEqual(invalid)
    expect(await stage.ask('/me')).toEqual(invalid)
    const login = { method: 'POST', body: JSON.stringify({ proof: accessToken, device: {} }) }
    expect((await stage.ask('/login/portal', login)).status).toBe(403)
  })
})

test('who logs out ends the session, not only the device: a copy of the tokens is worth nothing', async () => {
  const { phone, portal, ask, refresh, expectServed } = stage
  const [leaving, browser, other] = [await phone('ola'), await portal('ola'), await phone('ola')]
  const { accessToken, refreshToken } = tokensOf(leaving)
  const cookie = browser.cookie?.split(';')[0] ?? ''
  await leaving.client.logOut()
  await browser.logOut()
  expect([leaving.client.screen, browser.screen]).toEqual(['login', 'login'])
  expect(await ask('/me', bearer(accessToken))).toEqual(revoked)
  expect(await refresh(refreshToken)).toEqual(revoked)
  expect(await ask('/me', { headers: { cookie } })).toEqual(revoked)
  await nothingPending()
  await expectServed(other)
})

test('a support window that ends by itself ends what was opened in it, and nobody has to sweep', async () => {
  const created = JSON.parse(
    await stage.succeeds(['grants', 'create', '--to', emailOf('gro'), '--for', '3s', ...because]),
  )
  const [{ id: grant }] = created.items
  const [phone, portal, own] = [
    await stage.phone('gro', grant),
    await stage.portal('gro', grant),
    await stage.phone('gro'),
  ]
  const tokens = tokensOf(phone)
  expect(await phone.client.get('/me')).toMatchObject({ organization: organizations.hlf })
  await sleep(3000)
  // No access token was signed beyond the window.
  expect(await stage.ask('/me', bearer(tokens.accessToken))).toMatchObject({
    body: { error: 'token_expired' },
  })
  expect(await stage.refresh(tokens.refreshToken)).toEqual(revoked)
  await expect(phone.client.get('/me')).rejects.toMatchObject({ word: 'session_revoked' })
  expect(phone.client.screen).toBe('login')
  await stage.expectPortalGone(portal)
  await expect(stage.phone('gro', grant)).rejects.toMatchObject({ status: 403 })
  await stage.expectServed(own)
})

test('somebody who is off-boarded while refreshing all the time is out', async () => {
  const proof = await stage.identity.proofOf(people.ola.id)
  const busy = await Promise.all([1, 2, 3].map(() => startRestless(stage.platform.url, 'mobile', { proof })))
  const refreshing = Promise.all(
    (await Promise.all([1, 2, 3].map(() => stage.phone('ola')))).map(async ({ client }) => {
      for (;;) await client.refresh()
    }),
  ).catch((error: Error) => error)
  await sleep(300)
  await stage.succeeds(['users', 'offboard', emailOf('ola'), ...because])
  const ended = performance.now()
  expect(await refreshing).toMatchObject({ word: 'session_revoked' })
  await sleep(300)
  await Promise.all(busy.map((one) => one.stop()))
  for (const { attempts, failures } of busy) {
    expect(failures).toEqual(['signed out: session_revoked'])
    expect(attempts.filter(({ at, refused }) => at > ended && refused === null)).toEqual([])
  }
  await stage.succeeds(['users', 'verify', emailOf('ola'), '--offboarded'])
  await stage.succeeds(['users', 'reinstate', emailOf('ola'), ...because])
})

describe('stores that are away', () => {
  test('Redis: who was revoked stays out, who was not is served, by the database', async () => {
    const [gone, kept] = [await stage.phone('ola'), await stage.phone('mari')]
    await stage.succeeds(['sessions', 'revoke', await sessionOf(gone.client), ...because])
    await stage.redis?.kill()
    try {
      await stage.expectPhoneGone(gone)
      await stage.expectServed(kept, await stage.portal('mari'))
    } finally {
      await stage.redis?.restart()
    }
  })

  test('a Redis that comes back empty: rebuilt, it refuses again', async () => {
    const { phone, tool, succeeds, redis, ask, expectPhoneGone, expectServed } = stage
    const [gone, kept] = [await phone('ola'), await phone('mari')]
    await succeeds(['sessions', 'revoke', await sessionOf(gone.client), ...because])
    await redis?.restart()
    // A check of one key cannot see it, once the platform is connected again; the tool does.
    await expect
      .poll(() => ask('/me', bearer(tokensOf(gone).accessToken)), { timeout: 10_000 })
      .toMatchObject({ status: 200 })
    expect((await tool(['blocklist', 'status'], 'admin')).exitCode).toBe(7)
    await succeeds(['blocklist', 'rebuild'], 'admin')
    await succeeds(['blocklist', 'status'], 'admin')
    await expectPhoneGone(gone)
    await expectServed(kept)
  })

  test('both: nobody is served, and nobody is signed out for it', async () => {
    const [phone, portal] = [await stage.phone('mari'), await stage.portal('mari')]
    const name = stage.database
    await stage.redis?.kill()
    await server.query(`alter database ${name} allow_connections false`)
    await server.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
    try {
      for (const ask of [
        () => phone.client.get('/me'),
        () => phone.client.refresh(),
        () => portal.get('/me'),
      ])
        await expect(ask()).rejects.toMatchObject({ status: 503 })
      expect([phone.client.screen, portal.screen]).toEqual(['home', 'home'])
    } finally {
      await server.query(`alter database ${name} allow_connections true`)
      await stage.redis?.restart()
    }
    await stage.expectServed(phone, portal)
  })
})
