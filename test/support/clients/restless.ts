import { MobileClient, memoryStore, type Tokens } from './mobile-client.ts'
import { PortalClient } from './portal-client.ts'
import { type Credentials, SignedOut } from './signed-out.ts'

/** One request over the wire: when it was sent, and what came back. */
export interface Attempt {
  readonly at: number
  readonly what: 'request' | 'refresh'
  /** The platform's word; null: it was served. */
  readonly refused: string | null
}

/**
 * Somebody who asks the platform as fast as it answers, and does not take no for an answer: once the client has
 * shown its login screen, a copy of what it held goes on, as in the hands of a thief.
 */
export interface Restless {
  readonly session: string
  readonly kind: 'mobile' | 'portal'
  readonly attempts: readonly Attempt[]
  /** What the person saw go wrong, in the client's words; at the login screen nothing more is seen. */
  readonly failures: readonly string[]
  stop(): Promise<void>
}

export const startRestless = async (
  platform: string,
  kind: 'mobile' | 'portal',
  credentials: Credentials,
): Promise<Restless> => {
  const attempts: Attempt[] = []
  const failures: string[] = []
  const send: typeof fetch = async (url, init) => {
    const at = performance.now()
    const response = await fetch(url, init)
    const refused = response.ok ? null : ((await response.clone().json()) as { error: string }).error
    attempts.push({ at, what: String(url).endsWith('/token/refresh') ? 'refresh' : 'request', refused })
    return response
  }

  const store = memoryStore()
  let copy: Tokens | null = null
  const save = (tokens: Tokens) => {
    copy = tokens
    store.save(tokens)
  }
  const client =
    kind === 'portal'
      ? new PortalClient(platform, { send })
      : new MobileClient(platform, { store: { ...store, save }, send })
  await client.logIn(credentials)
  const cookie = client instanceof PortalClient ? (client.cookie?.split(';')[0] ?? '') : ''
  const { session } = (await client.get('/me')) as { session: string }

  const asThief = async (): Promise<void> => {
    if (copy === null) return void (await send(`${platform}/me`, { headers: { cookie } }))
    const { accessToken, refreshToken } = copy
    await send(`${platform}/me`, { headers: { authorization: `Bearer ${accessToken}` } })
    await send(`${platform}/token/refresh`, { method: 'POST', body: JSON.stringify({ refreshToken }) })
  }
  let going = true
  const running = (async () => {
    let signedOut = false
    while (going) {
      if (signedOut) await asThief()
      else
        await client.get('/me').catch((error: Error) => {
          failures.push(error.message)
          signedOut = error instanceof SignedOut
        })
    }
  })()

  return {
    session,
    kind,
    attempts,
    failures,
    stop: async () => {
      going = false
      await running
    },
  }
}
