import { setTimeout as sleep } from 'node:timers/promises'
import { MeanderError } from '../../errors.ts'
import { isRefusal, type Refusal, unlessRefused } from '../../postgres/call.ts'
import type { Database } from '../../postgres/database.ts'
import { whoami } from '../../postgres/identity.ts'
import { type Request, recallResult, rememberAfterwards } from '../../postgres/requests.ts'
import {
  type EndReason,
  type Purged,
  type PurgedBatch,
  purgeSessions,
  type SweepPosition,
  type SweptBatch,
  sweepSessions,
} from '../../postgres/sweep.ts'
import type { Blocklist, BlocklistOutcome } from '../blocklist/blocklist.ts'
import { afterCommit, settled } from '../committed.ts'
import { onRecord, type Purpose } from '../on-record.ts'
import type { Stores } from '../stores.ts'

export type { EndReason, Purged }

export interface SweepOrder {
  /** Slug or id; null is every one within reach, which is all of them for an administrator. */
  readonly organization: string | null
  readonly batchSize: number
  readonly purpose: Purpose
  readonly dryRun: boolean
  readonly requestId: string | null
}

/** What a sweep came to, over all its batches. */
export interface Swept {
  readonly summary: {
    sessionsRevoked: number
    refreshTokensRevoked: number
    accessTokensBlocked: number
    /** Held by somebody else to the last: the next sweep has them. */
    skipped: number
  }
  readonly items: { readonly reason: EndReason; readonly sessions: number }[]
  /** Sessions with access tokens that were alive. */
  readonly blocked: string[]
}

export interface SweepResult extends Omit<Swept, 'blocked'> {
  readonly requestId: string | null
  readonly dryRun: boolean
  /** null: nothing was to be purged. */
  readonly purged: Purged | null
  readonly blocklist: BlocklistOutcome['blocklist']
  readonly residualAccess: BlocklistOutcome['residualAccess']
}

/** What was skipped is tried again this often, so long after. */
const passes = 3
const pauseMs = 250

const reasons: readonly EndReason[] = [
  'idle timeout',
  'absolute lifetime',
  'expired',
  'grant ended',
  'grant revoked',
]

/** Sessions that policy, grant or time have ended: ends them whole and records it; deletes what is long over. */
export class Sweep {
  readonly #stores: Stores
  readonly #blocklist: Blocklist

  constructor(stores: Stores, blocklist: Blocklist) {
    this.#stores = stores
    this.#blocklist = blocklist
  }

  /** Whether this login sweeps as the administrator of the database. */
  async isAdministrator(): Promise<boolean> {
    return (await whoami(await this.#stores.database())).kind === 'administrator'
  }

  /** The result that this login got for this request before, with the blocklist as it is now; null for a new request. */
  async recall(request: Request): Promise<{ result: SweepResult; cause: string | null } | null> {
    const stored = await recallResult<Swept>(await this.#stores.database(), request)
    return stored && this.#settled(sum([stored]), { requestId: request.id, purged: null })
  }

  /**
   * Sweeps, purges what is older than `purgeAfter`, then tells Redis and reads back what is left.
   * @throws MeanderError REFUSED, NOT_FOUND, FAILED; INTERRUPTED between two transactions, saying what is done.
   */
  async run(
    order: SweepOrder,
    request: Request | null,
    purgeAfter: string | null,
    signal: AbortSignal,
  ): Promise<{ result: SweepResult; cause: string | null }> {
    const swept = await this.collect(order, signal)
    const purged =
      purgeAfter === null
        ? null
        : await afterCommit(order.dryRun ? null : sweptOf(swept), () =>
            this.#purge(order, purgeAfter, signal),
          )
    if (order.dryRun) {
      const { summary, items } = swept
      const blocklist = { mode: await this.#blocklist.mode(), published: 0, pending: 0 }
      const result = { requestId: null, dryRun: true, summary, purged, blocklist, residualAccess: [], items }
      return { result, cause: null }
    }
    if (request) {
      const db = await this.#stores.database()
      await afterCommit(sweptOf(swept), () => rememberAfterwards(db, request, swept))
    }
    return this.#settled(swept, { requestId: order.requestId, purged })
  }

  /** Sweeps batch by batch, each a transaction; what others held is tried again, and the blocklist is not told yet. */
  async collect(order: SweepOrder, signal: AbortSignal): Promise<Swept> {
    const db = await this.#stores.database()
    const everywhere = await this.isAdministrator()
    const parts: Swept[] = []
    for (let pass = 1; ; pass++) {
      let after: SweepPosition | null = null
      let skipped = 0
      do {
        if (signal.aborted) throw interrupted(sum(parts))
        const from: SweepPosition | null = after
        const batch: SweptBatch = await afterCommit(
          parts.length > 0 && !order.dryRun ? sweptOf(sum(parts)) : null,
          () => this.#batch(db, everywhere, order, from),
        )
        parts.push(partOf(batch))
        skipped += batch.skipped
        after = batch.after
      } while (after !== null)
      if (skipped === 0 || order.dryRun || pass === passes) {
        const { summary, ...rest } = sum(parts)
        return { summary: { ...summary, skipped }, ...rest }
      }
      await sleep(pauseMs)
    }
  }

  async #batch(
    db: Database,
    everywhere: boolean,
    order: SweepOrder,
    after: SweepPosition | null,
  ): Promise<SweptBatch> {
    const { organization, batchSize: limit, purpose, requestId } = order
    const call = {
      function: 'sweep_sessions',
      arguments: organization === null ? {} : { organization },
      organizations: organization === null ? null : [organization],
    }
    const done = await onRecord(db, call, purpose, () =>
      db.transaction(
        (transaction) =>
          sweepSessions(transaction, everywhere, { organization, after, limit, ...purpose, requestId }),
        { rollback: (batch: SweptBatch | Refusal) => order.dryRun && !isRefusal(batch) },
      ),
    )
    return unlessRefused(done)
  }

  async #purge(order: SweepOrder, age: string, signal: AbortSignal): Promise<Purged> {
    const db = await this.#stores.database()
    const total = { sessions: 0, refreshTokens: 0, blockedTokens: 0, requests: 0, intents: 0 }
    let after: SweepPosition | null = null
    for (;;) {
      if (signal.aborted) {
        throw new MeanderError('INTERRUPTED', `Interrupted: ${total.sessions} sessions are purged.`, {
          hint: 'Run the same command again: it does the rest.',
        })
      }
      const from: SweepPosition | null = after
      const purge = () =>
        db.transaction(
          (transaction) =>
            purgeSessions(transaction, age, { after: from, limit: order.batchSize, ...order.purpose }),
          { rollback: order.dryRun },
        )
      const before = total.sessions > 0 && !order.dryRun ? `${total.sessions} sessions are purged` : null
      const batch: PurgedBatch = await afterCommit(before, purge)
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += batch[key]
      after = batch.after
      // What a dry run leaves in its place would be found again and again.
      if (!batch.more || (order.dryRun && after === null)) return total
    }
  }

  async #settled(
    swept: Swept,
    of: { requestId: string | null; purged: Purged | null },
  ): Promise<{ result: SweepResult; cause: string | null }> {
    const { summary, items, blocked } = swept
    const { cause, ...blocklist } = await settled(sweptOf(swept), () => this.#blocklist.settle(blocked))
    const { requestId, purged } = of
    return { result: { requestId, dryRun: false, summary, purged, ...blocklist, items }, cause }
  }
}

const partOf = ({ swept, reasons: found, skipped: _, ...batch }: SweptBatch): Swept => ({
  summary: {
    sessionsRevoked: swept,
    refreshTokensRevoked: batch.refreshTokensRevoked,
    accessTokensBlocked: batch.accessTokensBlocked,
    skipped: 0,
  },
  items: reasons.map((reason) => ({ reason, sessions: found[reason] ?? 0 })),
  blocked: [...batch.blocked],
})

/** Stored JSON forgets the order of its keys: this puts it right as well. */
const sum = (parts: readonly Swept[]): Swept => {
  const summary = { sessionsRevoked: 0, refreshTokensRevoked: 0, accessTokensBlocked: 0, skipped: 0 }
  for (const part of parts) {
    for (const key of Object.keys(summary) as (keyof typeof summary)[]) summary[key] += part.summary[key]
  }
  const items = reasons.flatMap((reason) => {
    const sessions = parts
      .flatMap((part) => part.items)
      .reduce((count, item) => count + (item.reason === reason ? item.sessions : 0), 0)
    return sessions > 0 ? [{ reason, sessions }] : []
  })
  return { summary, items, blocked: parts.flatMap(({ blocked }) => blocked) }
}

const sweptOf = ({ summary }: Swept): string => `${summary.sessionsRevoked} sessions are swept`

const interrupted = ({ summary }: Swept): MeanderError =>
  new MeanderError('INTERRUPTED', `Interrupted: ${summary.sessionsRevoked} sessions are swept.`, {
    hint: 'Run the same command again: it does the rest.',
  })
