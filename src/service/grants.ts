import { MeanderError } from '../errors.ts'
import {
  createGrant,
  type Grant,
  type GrantDetails,
  type GrantPosition,
  type GrantRevocation,
  type GrantSelector,
  getGrant,
  listGrants,
  type NewGrant,
  revokeGrants,
  terminateGrantees,
} from '../postgres/grants.ts'
import { type Request, recallResult } from '../postgres/requests.ts'
import type { Blocklist, BlocklistOutcome } from './blocklist/blocklist.ts'
import { afterCommit, settled } from './committed.ts'
import { decodeCursor, encodeCursor, microseconds } from './cursor.ts'
import { onRecord, type Purpose } from './on-record.ts'
import { type Once, once } from './once.ts'
import { filled, firstOf, walk } from './pages.ts'
import type { Stores } from './stores.ts'

export type { Grant, GrantDetails, GrantSelector, NewGrant }

export interface GrantQuery {
  readonly selector: GrantSelector
  readonly cursor: string | null
}

/** How an act on grants is to be done. */
export interface GrantOrder extends Once {
  readonly purpose: Purpose
}

export interface GrantCreation {
  readonly requestId: string | null
  readonly dryRun: boolean
  readonly items: readonly [Grant]
}

export interface GrantRevocationResult extends GrantRevocation {
  readonly requestId: string | null
  readonly dryRun: boolean
  /** Of the grantees, before and after; null when some were left, for want of a right. */
  readonly connectionsEnded: number | null
  readonly blocklist: BlocklistOutcome['blocklist']
  readonly residualAccess: BlocklistOutcome['residualAccess']
}

export interface GrantRevocationOutcome {
  readonly result: GrantRevocationResult
  /** Why Redis could not be told; null when nothing is left usable. */
  readonly cause: string | null
}

/** How often a revocation that somebody holds up is tried, each time after sending the holders away. */
const attempts = 3

const positionOf = ({ createdAt, id }: Grant): GrantPosition => ({ at: microseconds(createdAt), id })

/** Support access: who of the staff is let in, until when, and what they did there. */
export class Grants {
  readonly #stores: Stores
  readonly #blocklist: Blocklist

  constructor(stores: Stores, blocklist: Blocklist) {
    this.#stores = stores
    this.#blocklist = blocklist
  }

  /** Every matching grant from the cursor on, newest first, read as it is consumed. */
  async *stream(
    { selector, cursor }: GrantQuery,
    purpose: Purpose,
    limit = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<Grant, void> {
    const db = await this.#stores.database()
    const call = {
      function: 'list_grants',
      arguments: selector,
      organizations: selector.organization === undefined ? null : [selector.organization],
      continued: cursor !== null,
    }
    const fetch = async (after: GrantPosition | null, size: number) =>
      filled(
        await onRecord(db, call, purpose, () => listGrants(db, { selector, after, limit: size })),
        positionOf,
        size,
      )
    yield* walk(fetch, position(cursor), limit)
  }

  /** The first `limit` matching grants, and the cursor of the next page. */
  async list(
    query: GrantQuery,
    purpose: Purpose,
    limit: number,
  ): Promise<{ items: Grant[]; nextCursor: string | null }> {
    const { items, rest } = await firstOf((n) => this.stream(query, purpose, n), positionOf, limit)
    return { items, nextCursor: rest && encodeCursor([rest.at, rest.id]) }
  }

  /** One grant with its sessions and what its holder did. @throws MeanderError NOT_FOUND */
  async show(id: string, purpose: Purpose): Promise<GrantDetails> {
    const db = await this.#stores.database()
    const call = { function: 'get_grant', arguments: { grant: id }, organizations: null }
    return onRecord(db, call, purpose, () => getGrant(db, id))
  }

  /** What this request created before; null for a new request. */
  async recallCreation(request: Request): Promise<GrantCreation | null> {
    const stored = await recallResult<{ grant: Grant }>(await this.#stores.database(), request)
    return stored && { requestId: request.id, dryRun: false, items: [stored.grant] }
  }

  /** Lets somebody in. @throws MeanderError REFUSED, NOT_FOUND, USAGE */
  async create(grant: NewGrant, order: GrantOrder): Promise<GrantCreation> {
    const made = await once(await this.#stores.database(), order, (transaction) =>
      createGrant(transaction, grant, { ...order.purpose, requestId: order.request?.id ?? null }),
    )
    return { requestId: order.request?.id ?? null, dryRun: order.dryRun, items: [made.grant] }
  }

  /** What this request revoked before, with the blocklist as it is now; null for a new request. */
  async recallRevocation(request: Request, signal: AbortSignal): Promise<GrantRevocationOutcome | null> {
    const stored = await recallResult<GrantRevocation>(await this.#stores.database(), request)
    return stored && this.#settled(stored, request.id, 0, signal)
  }

  /**
   * Ends exactly these grants, all or none, with everything that was opened under them; then tells Redis and reads
   * back what is left. The holders' connections end first, since one that sits in a transaction could hold up what the
   * act must lock; and once more after it, since one may have come in between.
   * @throws MeanderError REFUSED, FAILED, UNKNOWN
   */
  async revoke(
    ids: readonly string[],
    order: GrantOrder,
    signal: AbortSignal,
  ): Promise<GrantRevocationOutcome> {
    const db = await this.#stores.database()
    const ended: (number | null)[] = []
    const sendAway = async () => void (order.dryRun || ended.push(await terminateGrantees(db, ids)))
    const done = await this.#insistently(sendAway, () =>
      once(db, order, (transaction) =>
        revokeGrants(transaction, ids, { ...order.purpose, requestId: order.request?.id ?? null }),
      ),
    )
    await afterCommit(order.dryRun ? null : revokedOf(done), sendAway)
    if (order.dryRun) {
      const mode = await this.#blocklist.mode()
      const nothing = { blocklist: { mode, published: 0, pending: 0 }, residualAccess: [] }
      const result = { requestId: null, dryRun: true, connectionsEnded: 0, ...nothing, ...done }
      return { result, cause: null }
    }
    const connectionsEnded = ended.at(-1) === null ? null : ended.reduce<number>((a, b) => a + (b ?? 0), 0)
    return this.#settled(done, order.request?.id ?? null, connectionsEnded, signal)
  }

  async #insistently<T>(sendAway: () => Promise<void>, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      await sendAway()
      try {
        return await work()
      } catch (error) {
        const heldUp = error instanceof MeanderError && error.sqlState === '55P03'
        if (!heldUp || attempt === attempts) throw error
      }
    }
  }

  async #settled(
    revocation: GrantRevocation,
    requestId: string | null,
    connectionsEnded: number | null,
    signal: AbortSignal,
  ): Promise<GrantRevocationOutcome> {
    const { summary, items } = revocation
    const sessions = items.flatMap((item) => item.sessions)
    const { cause, ...blocklist } = await settled(revokedOf(revocation), () =>
      this.#blocklist.settle(sessions, signal),
    )
    const result = { requestId, dryRun: false, summary, connectionsEnded, ...blocklist, items }
    return { result, cause }
  }
}

const revokedOf = ({ summary }: GrantRevocation): string => `${summary.revoked} grants are revoked`

const position = (cursor: string | null): GrantPosition | null => {
  if (cursor === null) return null
  const [at = '', id = ''] = decodeCursor(cursor, [/^-?\d{1,18}$/, /^[0-9a-f-]{36}$/])
  return { at, id }
}
