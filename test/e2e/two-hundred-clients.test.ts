import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { password } from '../support/as-login.ts'
import { type Restless, startRestless } from '../support/clients/restless.ts'
import { organizations, peopledDatabase } from '../support/people.ts'
import { type IdentityProvider, startIdentityProvider } from '../support/platform/identity-provider.ts'
import { type Platform, startPlatform } from '../support/platform/platform.ts'
import { postgresAt } from '../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../support/redis.ts'
import { meanderctl } from './meanderctl.ts'

/** Revoking among clients that never pause: none of the revoked is served once more, no other notices anything. */

const server = postgresAt(inject('postgres'))
/** So short that somebody refreshes all the time. */
const accessTokenSeconds = 3
let identity: IdentityProvider
let redis: PrivateRedis
let untold: PrivateRedis
beforeAll(async () => {
  identity = await startIdentityProvider()
  ;[redis, untold] = await Promise.all([startRedis(), startRedis()])
})
afterAll(() => Promise.all([redis, untold].map((one) => one?.stop())))

interface Crowd {
  readonly clients: readonly Restless[]
  readonly emails: readonly string[]
  tool(args: readonly string[], input?: string): Promise<number>
  readonly platform: Platform
  disperse(): Promise<void>
}

/** Users of hlf, every tenth one of nhf; four of five with a phone, the others at the portal. */
const gather = async (
  count: number,
  tool: string | null,
  api: string | null,
  tokenSeconds = accessTokenSeconds,
): Promise<Crowd> => {
  const database = await peopledDatabase(server)
  const env = { DATABASE_URL: server.url('kari', database, password), ...(tool && { REDIS_URL: tool }) }
  if (tool === null) {
    const asAdministrator = { ...env, DATABASE_URL: server.url(server.superuser, database) }
    await meanderctl(['db', 'migrate', '--blocklist', 'database'], { env: asAdministrator })
  }
  const users = await server.query<{ id: string; email: string }>(
    `insert into meander.users (organization_id, email, display_name, role)
     select case n % 10 when 9 then '${organizations.nhf}'::uuid else '${organizations.hlf}' end,
       'restless' || n || '@example.org', 'Restless ' || n, 'member'
     from generate_series(0, ${count - 1}) as n returning id, email`,
    [],
    database,
  )
  const platform = await startPlatform({
    databaseUrl: server.url('module', database, password),
    redisUrl: api,
    identity,
    accessTokenSeconds: tokenSeconds,
  })
  const clients = await Promise.all(
    users.map(async ({ id }, n) =>
      startRestless(platform.url, n % 5 === 2 ? 'portal' : 'mobile', { proof: await identity.proofOf(id) }),
    ),
  )
  return {
    clients,
    emails: users.map(({ email }) => email),
    tool: async (args, input = '') => {
      const because = ['--reason', 'locked out', '--yes', '-o', 'json']
      const { exitCode, stderr } = await meanderctl([...args, ...because], { env, input })
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
      return performance.now()
    },
    platform,
    disperse: async () => {
      await Promise.all(clients.map((client) => client.stop()))
      await platform.close()
    },
  }
}

/** What was sent after this moment and served. */
const servedAfter = ({ attempts }: Restless, moment: number, kind?: 'refresh'): number =>
  attempts.filter(({ at, what, refused }) => refused === null && at > moment && (kind ?? what) === what)
    .length

/** However slow the machine: what is waited for is what the clients have done, not a time. */
const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 400; tries++) {
    if (holds()) return
    await sleep(100)
  }
  throw new Error(`waited 40 seconds and still not: ${what}`)
}

describe.each(['redis', 'database'] as const)('where the platform reads %s', (mode) => {
  test('of 200 clients 100 are revoked', { timeout: 120_000 }, async () => {
    const store = mode === 'redis' ? redis.url : null
    const crowd = await gather(200, store, store)
    try {
      await until('every phone has refreshed', () =>
        crowd.clients.every((client) => client.kind === 'portal' || servedAfter(client, 0, 'refresh') > 0),
      )
      // Every other one of hlf: some by session, some by off-boarding.
      const chosen = crowd.clients.flatMap((_, n) => (n % 10 !== 9 && n % 9 < 5 ? [n] : [])).slice(0, 100)
      const [bySession, byUser] = [chosen.slice(0, 50), chosen.slice(50)]
      const ids = bySession.map((n) => crowd.clients[n]?.session).join('\n')
      const list = `email\n${byUser.map((n) => crowd.emails[n]).join('\n')}\n`
      const revokedAt = await crowd.tool(['sessions', 'revoke', '--from', '-'], ids)
      const offboardedAt = await crowd.tool(['users', 'offboard', '--file', '-'], list)
      const gone = new Map([
        ...bySession.map((n) => [n, revokedAt] as const),
        ...byUser.map((n) => [n, offboardedAt] as const),
      ])
      const sent = ({ attempts }: Restless) => attempts.filter(({ at }) => at > offboardedAt).length
      await until('all have gone on', () =>
        crowd.clients.every(
          (client, n) =>
            sent(client) > 3 &&
            (gone.has(n) || client.kind === 'portal' || servedAfter(client, offboardedAt, 'refresh') > 0),
        ),
      )
      await crowd.disperse()

      expect(crowd.platform.failures).toEqual([])
      expect(gone.size).toBe(100)
      for (const [n, client] of crowd.clients.entries()) {
        const until = gone.get(n)
        if (until === undefined) {
          expect({ n, failures: client.failures }).toEqual({ n, failures: [] })
          expect(servedAfter(client, offboardedAt)).toBeGreaterThan(0)
        } else {
          expect({ n, served: servedAfter(client, until) }).toEqual({ n, served: 0 })
          expect(client.failures).toEqual(['signed out: session_revoked'])
          const refused = client.attempts.filter(({ at }) => at > until).map((one) => one.refused)
          // An access token may have run out before it was blocked; either way nothing is to be had for it.
          expect(['session_revoked', 'token_expired']).toEqual(expect.arrayContaining(refused))
        }
      }
    } finally {
      await crowd.disperse().catch(() => {})
    }
  })
})

test('a platform that asks a Redis which nobody tells is found out', async () => {
  // Longer than the command takes on a busy machine.
  const crowd = await gather(20, redis.url, untold.url, 60)
  try {
    const revokedAt = await crowd.tool(
      ['sessions', 'revoke', '--from', '-'],
      crowd.clients.flatMap(({ session }, n) => (n % 10 === 9 ? [] : [session])).join('\n'),
    )
    const served = () =>
      crowd.clients.filter((client, n) => n % 10 !== 9 && servedAfter(client, revokedAt) > 0)
    await until('access tokens go on', () => served().length > 10)
    const late = served()
    // A cookie and a refresh token are worth nothing even so.
    expect(late.map(({ kind }) => kind)).not.toContain('portal')
    expect(late.reduce((sum, client) => sum + servedAfter(client, revokedAt, 'refresh'), 0)).toBe(0)
  } finally {
    await crowd.disperse()
  }
})
