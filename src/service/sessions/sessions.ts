import { MeanderError } from '../../errors.ts'
import { isRefusal, unlessRefused } from '../../postgres/call.ts'
import type { Database } from '../../postgres/database.ts'
import { knownBy, type Request, recallResult, rememberResult } from '../../postgres/requests.ts'
import {
  type AccessToken,
  copySessions,
  getSession,
  listSessions,
  type RefreshToken,
  type Revocation,
  revokeSessions,
  type Scope,
  type Session,
  type SessionDetails,
  type SessionPosition,
  type SessionSelector,
  type SessionSort,
  type SessionStats,
  type StatsGroup,
  sessionStats,
} from '../../postgres/sessions.ts'
import type { Blocklist, BlocklistOutcome } from '../blocklist/blocklist.ts'
import { afterCommit, settled } from '../committed.ts'
import { decodeCursor, encodeCursor, microseconds } from '../cursor.ts'
import { onRecord, type Purpose } from '../on-record.ts'
import { firstOf, walk } from '../pages.ts'
import type { Stores } from '../stores.ts'
import { type CopiedSessions, decodeSession, extentOfCopied } from './copied.ts'
import { windowed } from './windows.ts'

export type {
  AccessToken,
  RefreshToken,
  Session,
  SessionDetails,
  SessionSelector,
  SessionSort,
  SessionStats,
  StatsGroup,
}

/** Which sessions, whose, and in which order. */
export interface SessionQuery {
  readonly selector: SessionSelector
  readonly scope: Scope
  readonly sort: SessionSort
  readonly cursor: string | null
}

export interface RevokeRequest {
  /** Exactly these: what was previewed and confirmed. */
  readonly ids: readonly string[]
  readonly scope: Scope
  /** Slugs of the organizations that the ids are in, for a global admin's intent; null is all within reach. */
  readonly organizations: readonly string[] | null
  readonly purpose: Purpose
  readonly dryRun: boolean
  /** A repeat with the same id and arguments returns the first result. */
  readonly request: Request | null
  /** The plan that this carries out: on the record it is the request id. */
  readonly plan?: string
}

export interface RevocationResult extends Revocation {
  readonly requestId: string | null
  readonly dryRun: boolean
  readonly blocklist: BlocklistOutcome['blocklist']
  readonly residualAccess: BlocklistOutcome['residualAccess']
}

export interface RevokeOutcome {
  readonly result: RevocationResult
  /** Why Redis could not be told; null when nothing is left usable. */
  readonly cause: string | null
}

/** Sessions in one transaction: some seconds at most, and one audit head held no longer. */
const chunkSize = 5000

/** The own sessions are nobody's business but the person's. */
const touched = (scope: Scope, organizations: readonly string[] | null): readonly string[] | null =>
  scope === 'own' ? [] : organizations

const positionOf =
  (sort: SessionSort) =>
  (session: Session): SessionPosition => ({
    at: microseconds(sort === 'created' ? session.createdAt : session.lastActivityAt),
    id: session.id,
  })

/** Sessions: look, and end. */
export class Sessions {
  readonly #stores: Stores
  readonly #blocklist: Blocklist

  constructor(stores: Stores, blocklist: Blocklist) {
    this.#stores = stores
    this.#blocklist = blocklist
  }

  /** Every matching session from the cursor on, `limit` at most, read as it is consumed. */
  async *stream(
    query: SessionQuery,
    purpose: Purpose,
    limit = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<Session, void> {
    const position = positionOf(query.sort)
    const fetch = windowed(await this.#pages(query, purpose, listSessions), (rows) => ({
      sessions: rows.length,
      ends: () => ({ first: position(rows[0] as Session), last: position(rows.at(-1) as Session) }),
    }))
    yield* walk(fetch, this.#position(query), limit)
  }

  /** The same, all of it, as bytes for whoever only writes them out. */
  async *copied(query: SessionQuery, purpose: Purpose): AsyncGenerator<CopiedSessions, void> {
    const read = await this.#pages(query, purpose, async (...page: Parameters<typeof copySessions>) => [
      { bytes: await copySessions(...page), decode: decodeSession },
    ])
    const fetch = windowed(read, extentOfCopied(query.sort))
    yield* walk(fetch, this.#position(query), Number.POSITIVE_INFINITY)
  }

  /** How a page is read: in one way or the other, and on the record where it has to be. */
  async #pages<P>(
    { selector, scope, sort, cursor }: SessionQuery,
    purpose: Purpose,
    list: (db: Database, scope: Scope, page: Parameters<typeof listSessions>[2]) => Promise<P>,
  ) {
    const db = await this.#stores.database()
    const call = {
      function: 'list_sessions',
      arguments: selector,
      organizations: touched(scope, selector.organization === undefined ? null : [selector.organization]),
      continued: cursor !== null,
    }
    return (after: SessionPosition | null, limit: number, floor: string | null): Promise<P> =>
      onRecord(db, call, purpose, () => list(db, scope, { selector, sort, after, limit, floor }))
  }

  /** The first `limit` matching sessions, and the cursor of the next page. */
  async list(
    query: SessionQuery,
    purpose: Purpose,
    limit: number,
  ): Promise<{ items: Session[]; nextCursor: string | null }> {
    const { items, rest } = await firstOf(
      (n) => this.stream(query, purpose, n),
      positionOf(query.sort),
      limit,
    )
    return { items, nextCursor: rest && encodeCursor([query.sort, rest.at, rest.id]) }
  }

  /** Counts of the matching sessions, by what they have in common. */
  async stats(
    { selector, scope }: Omit<SessionQuery, 'cursor' | 'sort'>,
    purpose: Purpose,
  ): Promise<SessionStats> {
    const db = await this.#stores.database()
    const call = {
      function: 'session_stats',
      arguments: selector,
      organizations: touched(scope, selector.organization === undefined ? null : [selector.organization]),
    }
    return onRecord(db, call, purpose, () => sessionStats(db, scope, selector))
  }

  /** One session with its chain, live access tokens and record. @throws MeanderError NOT_FOUND */
  async show(id: string, scope: Scope, purpose: Purpose): Promise<SessionDetails> {
    const db = await this.#stores.database()
    const call = {
      function: 'get_session',
      arguments: { session: id },
      organizations: touched(scope, null),
    }
    return onRecord(db, call, purpose, () => getSession(db, scope, id))
  }

  /** The result that this login got for this request before, with the blocklist as it is now; null for a new request. */
  async recall(request: Request): Promise<RevokeOutcome | null> {
    const stored = await recallResult<Revocation>(await this.#stores.database(), request)
    // Stored JSON forgets the order of its keys.
    return stored && this.#settled(sum([stored]), request.id)
  }

  /**
   * Ends exactly these sessions, in transactions of a few thousand, each all or nothing; then tells Redis and reads
   * back what is left.
   * @throws MeanderError REFUSED, FAILED, UNKNOWN; INTERRUPTED between two transactions, saying what is done.
   */
  async revoke(order: RevokeRequest, signal?: AbortSignal): Promise<RevokeOutcome> {
    const db = await this.#stores.database()
    const parts: Revocation[] = []
    for (let from = 0; from < order.ids.length; from += chunkSize) {
      if (signal?.aborted) throw interrupted(sum(parts), order.ids.length - from)
      const ids = order.ids.slice(from, from + chunkSize)
      const last = from + chunkSize >= order.ids.length
      const call = {
        function: 'revoke_sessions',
        arguments: { sessions: ids },
        organizations: touched(order.scope, order.organizations),
      }
      const before = parts.length > 0 && !order.dryRun ? revokedOf(sum(parts).summary) : null
      const act = () =>
        db.transaction(
          async (transaction) => {
            const done = await revokeSessions(transaction, order.scope, {
              ids,
              ...order.purpose,
              requestId: order.plan ?? order.request?.id ?? null,
            })
            if (last && order.request && !order.dryRun && !isRefusal(done)) {
              return (await rememberResult(transaction, order.request, sum([...parts, done]))) === null
                ? done
                : null
            }
            return done
          },
          {
            rollback: (done: unknown) => done === null || (order.dryRun && !isRefusal(done)),
            ...knownBy(last ? order.request : null),
          },
        )
      const part = await afterCommit(before, () => onRecord(db, call, order.purpose, act))
      if (part === null) return this.#first(order)
      parts.push(unlessRefused(part))
    }
    const revocation = sum(parts)
    if (order.dryRun) return { result: await this.#previewed(revocation), cause: null }
    return this.#settled(revocation, order.plan ?? order.request?.id ?? null)
  }

  /** Another process of this login was first with the same request id: its result is the answer. */
  async #first(order: RevokeRequest): Promise<RevokeOutcome> {
    const outcome = order.request && (await this.recall(order.request))
    if (!outcome) throw new MeanderError('FAILED', 'The result of this request id has vanished.')
    return outcome
  }

  async #settled(revocation: Revocation, requestId: string | null): Promise<RevokeOutcome> {
    const ended = revocation.items
      .filter(({ outcome }) => outcome !== 'notFound')
      .map(({ sessionId }) => sessionId)
    const { summary, items } = revocation
    const { cause, ...blocklist } = await settled(revokedOf(summary), () => this.#blocklist.settle(ended))
    return { result: { requestId, dryRun: false, summary, ...blocklist, items }, cause }
  }

  async #previewed({ summary, items }: Revocation): Promise<RevocationResult> {
    const mode = await this.#blocklist.mode()
    return {
      requestId: null,
      dryRun: true,
      summary,
      blocklist: { mode, published: 0, pending: 0 },
      residualAccess: [],
      items,
    }
  }

  #position({ cursor, sort }: SessionQuery): SessionPosition | null {
    if (cursor === null) return null
    const [, at = '', id = ''] = decodeCursor(cursor, [
      new RegExp(`^${sort}$`),
      /^-?\d{1,18}$/,
      /^[0-9a-f-]{36}$/,
    ])
    return { at, id }
  }
}

const sum = (parts: readonly Revocation[]): Revocation => {
  const summary = {
    requested: 0,
    revoked: 0,
    alreadyRevoked: 0,
    alreadyExpired: 0,
    notFound: 0,
    refreshTokensRevoked: 0,
    accessTokensBlocked: 0,
  }
  for (const part of parts) {
    for (const key of Object.keys(summary) as (keyof typeof summary)[])
      summary[key] += Number(part.summary[key])
  }
  return { summary, items: parts.flatMap(({ items }) => items) }
}

const revokedOf = ({ revoked }: Revocation['summary']): string => `${revoked} sessions are revoked`

const interrupted = (done: Revocation, left: number): MeanderError =>
  new MeanderError(
    'INTERRUPTED',
    `Interrupted: ${done.summary.revoked} sessions are revoked, ${left} were not begun.`,
    {
      hint: 'Run the same command again: it does the rest.',
    },
  )
