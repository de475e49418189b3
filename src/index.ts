import { givenSettings } from './config/given-settings.ts'
import { MeanderError } from './errors.ts'
import { connect as connectAnew } from './postgres/connection.ts'
import { onBehalfOf } from './postgres/on-behalf-of.ts'
import { openPool } from './postgres/pool.ts'
import type { Request } from './postgres/requests.ts'
import { openBlocklistStore } from './redis/open.ts'
import type { Grant, GrantRevocationResult } from './service/grants.ts'
import type { Purpose } from './service/on-record.ts'
import { SessionManagementService as Service } from './service/session-management-service.ts'
import { type OwnRevocation, OwnSessions as OwnSessionsPart } from './service/sessions/own-sessions.ts'
import type { RevocationResult, Session } from './service/sessions/sessions.ts'
import type { Stores } from './service/stores.ts'
import { type SignOut, signOut } from './service/users/sign-out.ts'

export type { Grant, GrantRevocationResult, OwnRevocation, RevocationResult, Session, SignOut }
export { MeanderError }

/** What goes on the record with an operation. */
export interface AdminContext {
  readonly reason: string
  readonly ticket?: string | undefined
  /** Runs the operation at most once: a repeat by the same login returns the first result. */
  readonly requestId?: string | undefined
  /** A user of the organization whom the record names beside the login; it opens nothing. */
  readonly onBehalfOf?: string | undefined
}

export interface ConnectionSettings {
  /** `postgresql://login@host/database`; goes before what `env` says. */
  readonly database?: string | undefined
  /** `redis://…` or `rediss://…`; goes before what `env` says. Left out, a publisher carries what is blocked. */
  readonly redis?: string | undefined
  /** The command line's variables (DATABASE_URL, PG…, REDIS_…): `process.env`, or an object. Nothing when left out. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Told what somebody should know though nothing failed, such as a Redis that had been emptied: for a log. */
  readonly onNotice?: ((text: string) => void) | undefined
  /** Connections to PostgreSQL at most; 5 when left out. */
  readonly connections?: number | undefined
  /** Longest time of one statement; 30 000 when left out. */
  readonly statementTimeoutMs?: number | undefined
}

/** How long an operation waits for a connection while all are in use. */
const patienceMs = 10_000

/** The way of one login to both stores. Opens when it is first used, and outlives the loss of any connection. */
export class Connection {
  readonly #stores: Stores
  readonly #close: () => Promise<void>
  #fits: Promise<void> | undefined

  /** @throws MeanderError USAGE that says what to set. */
  constructor(settings: ConnectionSettings) {
    const { connections = 5, statementTimeoutMs: timeoutMs = 30_000, onNotice } = settings
    const found = givenSettings({
      ...settings.env,
      ...(settings.database === undefined ? {} : { DATABASE_URL: settings.database }),
      ...(settings.redis === undefined ? {} : redisAlone(settings.redis)),
    })
    for (const [name, value] of Object.entries({ connections, statementTimeoutMs: timeoutMs }))
      if (!Number.isSafeInteger(value) || value < 1) throw usage(`${name} is not a whole number from 1`)
    const database = openPool(found.database, { connections, timeoutMs, patienceMs })
    const blocklist = found.redis && openBlocklistStore(found.redis)
    this.#stores = {
      database: async () => database,
      blocklist: async () => blocklist,
      connect: () => connectAnew(found.database, { timeoutMs }),
      ...(onNotice && { notice: onNotice }),
    }
    this.#close = async () => void (await Promise.all([database.close(), blocklist?.close()]))
  }

  /** The stores for one operation: what is put on record for it serves no other. @internal */
  async stores(user: string | null): Promise<Stores> {
    this.#fits ??= new Service(this.#stores).schema.check()
    await this.#fits.catch((error) => {
      this.#fits = undefined
      throw error
    })
    const database = onBehalfOf(await this.#stores.database(), user)
    return { ...this.#stores, database: async () => database }
  }

  /** Nothing new begins; what is under way is still finished. */
  close(): Promise<void> {
    return this.#close()
  }
}

/** A connection for a server or a script. @throws MeanderError USAGE that says what to set. */
export const connect = (settings: ConnectionSettings): Connection => new Connection(settings)

/**
 * What an admin portal does, with the parts that the command line uses. Reach is the connection's login's: nothing
 * here can widen it. Every operation may throw a MeanderError: UNAUTHENTICATED, NOT_FOUND (unknown or foreign,
 * alike), REFUSED, USAGE, FAILED, UNKNOWN.
 */
export class SessionManagementService {
  readonly #connection: Connection
  readonly #defaults: AdminContext

  /** `defaults` fill what the context of a call leaves out, but for its request id. */
  constructor(connection: Connection, defaults: AdminContext) {
    this.#connection = connection
    this.#defaults = checked(defaults)
  }

  /** The user's active sessions, the latest activity first. @throws MeanderError NOT_FOUND, USAGE for no UUID. */
  async getActiveSessions(userId: string, context?: AdminContext): Promise<Session[]> {
    const { service, purpose } = await this.#begin(context)
    const selector = { user: uuid(userId, 'userId') }
    return all(
      service.sessions.stream({ selector, scope: 'reach', sort: 'last-activity', cursor: null }, purpose),
    )
  }

  /**
   * Ends one session, whole; one that had ended before is done.
   * @throws MeanderError NOT_FOUND, REFUSED for a role that only looks, USAGE for a request id that was used before.
   */
  async terminateSession(sessionId: string, context?: AdminContext): Promise<Told<RevocationResult>> {
    const { service, purpose, once } = await this.#begin(context)
    const ids = [uuid(sessionId, 'sessionId')]
    const request = once('terminateSession', { ids })
    const order = { ids, scope: 'reach' as const, organizations: null, purpose, dryRun: false, request }
    return told(
      (request && (await service.sessions.recall(request))) ?? (await service.sessions.revoke(order)),
    )
  }

  /** Signs the user out everywhere; account and grants stay. @throws MeanderError as terminateSession. */
  async terminateAllSessions(userId: string, context?: AdminContext): Promise<SignOut> {
    const { service, purpose, once } = await this.#begin(context)
    const user = uuid(userId, 'userId')
    return signOut(service, user, purpose, once('terminateAllSessions', { user }))
  }

  /**
   * Lets a global admin into the organization until then, with the context that the service was made with.
   * @param expiresAt RFC 3339 with its zone, or a Date.
   * @throws MeanderError NOT_FOUND for nobody of the staff, REFUSED for any role but org admin or an end that is
   *   further ahead than the organization allows, USAGE for one that is not ahead.
   */
  async createSupportAccessGrant(userId: string, expiresAt: Date | string): Promise<Grant> {
    const { service, purpose, once } = await this.#begin(this.#defaults)
    const grant = { organization: null, to: uuid(userId, 'userId'), expires: moment(expiresAt) }
    const request = once('createSupportAccessGrant', grant)
    const order = { purpose, dryRun: false, request }
    const { items } =
      (request && (await service.grants.recallCreation(request))) ??
      (await service.grants.create(grant, order))
    return items[0]
  }

  /** Ends a grant with everything that was opened under it. @throws MeanderError as terminateSession. */
  async revokeSupportAccessGrant(
    grantId: string,
    context?: AdminContext,
  ): Promise<Told<GrantRevocationResult>> {
    const { service, purpose, once } = await this.#begin(context)
    const ids = [uuid(grantId, 'grantId')]
    const request = once('revokeSupportAccessGrant', { ids })
    const order = { purpose, dryRun: false, request }
    return told(
      (request && (await service.grants.recallRevocation(request, never))) ??
        (await service.grants.revoke(ids, order, never)),
    )
  }

  async #begin(context?: AdminContext) {
    const { requestId: _, ...defaults } = this.#defaults
    const { reason, ticket = null, requestId, onBehalfOf: user } = checked({ ...defaults, ...given(context) })
    const purpose: Purpose = { reason, ticket }
    const once = (command: string, args: object): Request | null =>
      requestId === undefined ? null : { id: uuid(requestId, 'requestId'), command, arguments: args }
    const stores = await this.#connection.stores(user === undefined ? null : uuid(user, 'onBehalfOf'))
    return { service: new Service(stores), purpose, once }
  }
}

/**
 * The app's "Manage sessions", for a connection whose login is in `meander_auth`, and a user whom the API has
 * authenticated. The record has that user as the actor.
 */
export class OwnSessions {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The user's active sessions, the latest activity first. @throws MeanderError NOT_FOUND */
  async list(userId: string): Promise<Session[]> {
    return (await this.#part()).list(uuid(userId, 'userId'))
  }

  /** Ends one of them. @throws MeanderError NOT_FOUND for one that is not the user's. */
  async end(userId: string, sessionId: string): Promise<OwnRevocation> {
    return (await this.#part()).end(uuid(userId, 'userId'), uuid(sessionId, 'sessionId'))
  }

  /** Ends all but the one that asks. @throws MeanderError NOT_FOUND when that is not the user's: then nothing ends. */
  async endOthers(userId: string, currentSessionId: string): Promise<OwnRevocation> {
    return (await this.#part()).endOthers(uuid(userId, 'userId'), uuid(currentSessionId, 'currentSessionId'))
  }

  async #part(): Promise<OwnSessionsPart> {
    return new OwnSessionsPart(await this.#connection.stores(null))
  }
}

/** A result, and why Redis could not be told of it; null when it was, or need not be. */
export type Told<R> = R & { readonly cause: string | null }

const never = new AbortController().signal

/** @throws MeanderError NOT_FOUND when the one thing that was named is not there. */
const told = <R extends { readonly summary: { readonly notFound: number } }>(outcome: {
  readonly result: R
  readonly cause: string | null
}): Told<R> => {
  if (outcome.result.summary.notFound === 0) return { ...outcome.result, cause: outcome.cause }
  throw new MeanderError('NOT_FOUND', 'There is no such session or grant within your reach')
}

const all = async <T>(rows: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = []
  for await (const row of rows) found.push(row)
  return found
}

/** A context without what is undefined in it. */
const given = (context: AdminContext | undefined): Partial<AdminContext> =>
  Object.fromEntries(Object.entries(context ?? {}).filter(([, value]) => value !== undefined))

const checked = (context: AdminContext): AdminContext => {
  if (typeof context?.reason === 'string' && context.reason.trim() !== '') return context
  throw usage('A context has a reason')
}

/** One Redis that is named outright leaves no other of the environment beside it. */
const redisAlone = (url: string) => ({
  REDIS_URL: url,
  REDIS_CLUSTER_NODES: undefined,
  REDIS_SENTINELS: undefined,
})

const uuid = (value: string, name: string): string => {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return value.toLowerCase()
  throw usage(`${name} is no UUID`)
}

/** RFC 3339, with its zone: a moment without one would be another on another machine. */
const moment = (value: Date | string): string => {
  const text = value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : value
  if (typeof text === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text))
    return text
  throw usage('expiresAt is neither a Date nor RFC 3339 with its zone')
}

const usage = (message: string): MeanderError => new MeanderError('USAGE', message)
