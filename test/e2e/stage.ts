import { expect } from 'vitest'
import { password } from '../support/as-login.ts'
import { MobileClient, memoryStore, type TokenStore } from '../support/clients/mobile-client.ts'
import { PortalClient } from '../support/clients/portal-client.ts'
import { SignedOut } from '../support/clients/signed-out.ts'
import { type Person, people, peopledDatabase } from '../support/people.ts'
import { type IdentityProvider, startIdentityProvider } from '../support/platform/identity-provider.ts'
import { type Platform, startPlatform } from '../support/platform/platform.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../support/redis.ts'
import { type Ended, meanderctl } from './meanderctl.ts'

/** A phone whose store the test can look into, as somebody who took a copy of it. */
export interface Phone {
  readonly client: MobileClient
  readonly store: TokenStore
}

/** What came back over the wire. */
export interface Said {
  readonly status: number
  readonly body: unknown
}

/** What whoever has been locked out hears. */
export const revoked: Said = { status: 401, body: { error: 'session_revoked' } }

/** A platform with its clients on one side of the stores, and the tool on the other. */
export interface Stage {
  readonly database: string
  readonly identity: IdentityProvider
  readonly platform: Platform
  readonly redis: PrivateRedis | null
  /** The tool as it is installed, in a process of its own; kari's unless another login is named. */
  tool(args: readonly string[], login?: string): Promise<Ended>
  /** The same for a command that has to succeed. Returns its stdout. */
  succeeds(args: readonly string[], login?: string): Promise<string>
  phone(person: Person, grant?: string): Promise<Phone>
  portal(person: Person, grant?: string): Promise<PortalClient>
  /** One request past any client. */
  ask(path: string, init?: RequestInit): Promise<Said>
  refresh(refreshToken: string): Promise<Said>
  /** How many requests the clients have sent. */
  sent(): number
  /** Its tokens are dead whoever holds a copy; the app asks once, never again, and shows the login. */
  expectPhoneGone(phone: Phone): Promise<void>
  expectPortalGone(client: PortalClient): Promise<void>
  expectServed(...clients: readonly (Phone | PortalClient)[]): Promise<void>
  strike(): Promise<void>
}

export const setStage = async (
  server: PostgresServer,
  mode: 'redis' | 'database',
  options: { readonly accessTokenSeconds?: number } = {},
): Promise<Stage> => {
  const identity = await startIdentityProvider()
  const database = await peopledDatabase(server)
  const redis = mode === 'redis' ? await startRedis() : null
  const tool = (args: readonly string[], login = 'kari') =>
    meanderctl(args, {
      env: { DATABASE_URL: server.url(login, database, password), ...(redis && { REDIS_URL: redis.url }) },
    })
  const succeeds = async (args: readonly string[], login = 'kari') => {
    const { exitCode, stdout, stderr } = await tool(args, login)
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
    return stdout
  }
  if (mode === 'database') await succeeds(['db', 'migrate', '--blocklist', 'database'], server.superuser)
  const platform = await startPlatform({
    databaseUrl: server.url('module', database, password),
    redisUrl: redis?.url ?? null,
    identity,
    ...options,
  })

  let sent = 0
  const send: typeof fetch = (url, init) => {
    sent += 1
    return fetch(url, init)
  }
  const credentials = async (person: Person, grant?: string) => ({
    proof: await identity.proofOf(people[person].id),
    ...(grant && { grant }),
  })
  const ask = async (path: string, init?: RequestInit): Promise<Said> => {
    const response = await fetch(`${platform.url}${path}`, init)
    const text = await response.text()
    return { status: response.status, body: text && JSON.parse(text) }
  }
  const refresh = (refreshToken: string) =>
    ask('/token/refresh', { method: 'POST', body: JSON.stringify({ refreshToken }) })
  /** Runs a client into its login screen and counts what it asked the platform on the way. */
  const requestsOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = sent
    await expect(work()).rejects.toEqual(new SignedOut('session_revoked'))
    return sent - before
  }

  return {
    database,
    identity,
    platform,
    redis,
    tool,
    succeeds,
    phone: async (person, grant) => {
      const store = memoryStore()
      const client = new MobileClient(platform.url, { store, send })
      await client.logIn(await credentials(person, grant))
      // From here on its activity is on the record, and the blocklist alone tells what its access token is worth.
      await client.get('/me')
      return { client, store }
    },
    portal: async (person, grant) => {
      const client = new PortalClient(platform.url, { send })
      await client.logIn(await credentials(person, grant))
      return client
    },
    ask,
    refresh,
    sent: () => sent,
    expectPhoneGone: async ({ client, store }) => {
      const tokens = store.load()
      if (!tokens) throw new Error('the phone was not signed in')
      expect(await ask('/me', { headers: { authorization: `Bearer ${tokens.accessToken}` } })).toEqual(
        revoked,
      )
      expect(await refresh(tokens.refreshToken)).toEqual(revoked)
      expect(await requestsOf(() => client.get('/me'))).toBe(1)
      expect(client.screen).toBe('login')
      store.save(tokens)
      expect(await requestsOf(() => client.refresh())).toBe(1)
      expect(client.screen).toBe('login')
      await expect(client.get('/me')).rejects.toEqual(new SignedOut('nobody is signed in'))
    },
    expectPortalGone: async (client) => {
      const cookie = client.cookie?.split(';')[0] ?? ''
      expect(await ask('/me', { headers: { cookie } })).toEqual(revoked)
      expect(await requestsOf(() => client.get('/me'))).toBe(1)
      expect(client.screen).toBe('login')
    },
    expectServed: async (...clients) => {
      for (const one of clients) {
        const client = one instanceof PortalClient ? one : one.client
        const before = await client.get('/me')
        if (client instanceof MobileClient) await client.refresh()
        expect(await client.get('/me')).toEqual(before)
      }
    },
    strike: async () => {
      await platform.close()
      await redis?.stop()
    },
  }
}

/** The session that a client talks in. */
export const sessionOf = async (client: MobileClient | PortalClient): Promise<string> =>
  ((await client.get('/me')) as { session: string }).session
