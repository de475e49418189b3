import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { Refused, refusalOf } from './answers.ts'
import { type Authentication, type Caller, createAuthentication, type Device } from './authentication.ts'
import { openBlocklist } from './blocklist.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { createSignatures, type Signatures } from './tokens.ts'

/**
 * A small Authentication Module with an API behind it, over HTTP, as the platform has them: what the database and
 * its guards are for. It shares no line with the tool and knows nothing of it; docs/platform.md says its rules.
 */
export interface Platform {
  readonly url: string
  /** What failed for reasons that no client gave. */
  readonly failures: readonly unknown[]
  /** Its signing key: whoever holds that can be anybody. */
  readonly signatures: Signatures
  close(): Promise<void>
}

export interface PlatformOptions {
  /** Of a login in meander_auth; in meander_publisher too where there is a Redis, for what it ends itself. */
  readonly databaseUrl: string
  /** null: the API reads the blocklist in the database. */
  readonly redisUrl: string | null
  readonly identity: IdentityProvider
  readonly accessTokenSeconds?: number
}

/** Kept from scripts, sent over TLS only and never by another site's page. */
const cookieName = '__Host-meander_session'
const cookieRules = 'Path=/; HttpOnly; Secure; SameSite=Strict'

export const startPlatform = async (options: PlatformOptions): Promise<Platform> => {
  const db = new pg.Pool({ connectionString: options.databaseUrl, max: 12 })
  // A connection that was lost while nobody used it is missed by nobody.
  db.on('error', () => {})
  const blocklist = await openBlocklist(db, options.redisUrl)
  const signatures = await createSignatures()
  const authentication = createAuthentication({
    db,
    blocklist,
    signatures,
    accessTokenSeconds: options.accessTokenSeconds ?? 15 * 60,
  })
  const failures: unknown[] = []

  const server = createServer((request, response) => {
    serve(request, authentication, options.identity)
      .catch((error: unknown) => {
        const refusal = refusalOf(error)
        if (refusal.word === 'unavailable') failures.push(refusal.cause)
        return { status: refusal.status, body: { error: refusal.word } }
      })
      .then((answer) => send(response, answer))
  })
  // Longer than clients and proxies keep theirs: whoever closes first must not be the one who is asked.
  server.keepAliveTimeout = 65_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failures,
    signatures,
    close: async () => {
      await closed(server)
      blocklist.close()
      await db.end()
    },
  }
}

interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly cookie?: string
}

const serve = async (
  request: IncomingMessage,
  authentication: Authentication,
  identity: IdentityProvider,
): Promise<Answer> => {
  switch (`${request.method} ${request.url}`) {
    case 'POST /login/mobile': {
      const { user, device, grant } = await loginOf(request, identity)
      return { status: 200, body: await authentication.logInMobile(user, device, grant) }
    }
    case 'POST /login/portal': {
      const { user, device, grant } = await loginOf(request, identity)
      const value = await authentication.logInPortal(user, device, grant)
      return { status: 204, cookie: `${cookieName}=${value}; ${cookieRules}` }
    }
    case 'POST /token/refresh': {
      const { refreshToken } = await bodyOf(request)
      if (typeof refreshToken !== 'string') throw new Refused('bad_request')
      return { status: 200, body: await authentication.refresh(refreshToken) }
    }
    case 'GET /me':
      return { status: 200, body: await callerOf(request, authentication) }
    case 'POST /logout': {
      const { session } = await callerOf(request, authentication)
      await authentication.logOut(session)
      return { status: 204, cookie: `${cookieName}=; Max-Age=0; ${cookieRules}` }
    }
    default:
      throw new Refused('not_found')
  }
}

/** Every protected route begins here. */
const callerOf = ({ headers }: IncomingMessage, authentication: Authentication): Promise<Caller> => {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
  if (bearer !== undefined) return authentication.byAccessToken(bearer)
  const cookie = (headers.cookie ?? '').split('; ').find((pair) => pair.startsWith(`${cookieName}=`))
  if (cookie === undefined) throw new Refused('invalid_token')
  return authentication.byCookie(cookie.slice(cookieName.length + 1))
}

const loginOf = async (request: IncomingMessage, identity: IdentityProvider) => {
  const { proof, device, grant } = await bodyOf(request)
  const user = await identity.personOf(String(proof)).catch((error: unknown) => {
    throw new Refused('login_refused', error)
  })
  const { type, name } = (device ?? {}) as Record<string, unknown>
  const told: Device = {
    type: String(type),
    name: String(name),
    userAgent: request.headers['user-agent'] ?? null,
    ip: request.socket.remoteAddress ?? null,
  }
  return { user, device: told, grant: typeof grant === 'string' ? grant : null }
}

const bodyOf = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > 10_000) throw new Refused('bad_request')
  }
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>
  } catch {
    // Answered below.
  }
  throw new Refused('bad_request')
}

const send = (response: ServerResponse, { status, body, cookie }: Answer): void => {
  if (cookie !== undefined) response.setHeader('set-cookie', cookie)
  response.setHeader('cache-control', 'no-store')
  if (body !== undefined) response.setHeader('content-type', 'application/json')
  response.writeHead(status).end(body === undefined ? undefined : JSON.stringify(body))
}

const closed = async (server: Server): Promise<void> => {
  server.close()
  server.closeAllConnections()
  if (server.listening) await once(server, 'close')
}
