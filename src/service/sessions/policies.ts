import { isRefusal, type Refusal, unlessRefused } from '../../postgres/call.ts'
import {
  getPolicy,
  type Policy,
  type PolicyChange,
  type PolicyChanges,
  setPolicy,
} from '../../postgres/policy.ts'
import { type Request, recallResult, rememberAfterwards } from '../../postgres/requests.ts'
import type { Blocklist, BlocklistOutcome } from '../blocklist/blocklist.ts'
import { afterCommit, settled } from '../committed.ts'
import { onRecord, type Purpose } from '../on-record.ts'
import type { Stores } from '../stores.ts'
import type { Sweep, Swept } from './sweep.ts'

export type { Policy, PolicyChange, PolicyChanges }

export interface PolicyOrder {
  /** Slug or id of the own organization; null is the own one as well. */
  readonly organization: string | null
  readonly changes: PolicyChanges
  readonly purpose: Purpose
  readonly requestId: string | null
}

/** What setting a policy came to; `swept` is what it cut off, none of it in a dry run. */
export interface PolicyOutcome {
  readonly change: PolicyChange
  readonly swept: Swept['summary']
  readonly blocklist: BlocklistOutcome['blocklist']
  readonly residualAccess: BlocklistOutcome['residualAccess']
  /** Why Redis could not be told; null when nothing is left usable. */
  readonly cause: string | null
}

/** What is stored under a request id. */
interface Remembered {
  readonly change: PolicyChange
  readonly swept: Swept
}

const isSet = 'The policy is set'

/** Sessions in one transaction of the sweep. */
const batchSize = 500

/** Session policies: look, and set. */
export class Policies {
  readonly #stores: Stores
  readonly #blocklist: Blocklist
  readonly #sweep: Sweep

  constructor(stores: Stores, blocklist: Blocklist, sweep: Sweep) {
    this.#stores = stores
    this.#blocklist = blocklist
    this.#sweep = sweep
  }

  /** The policies within reach. @throws MeanderError NOT_FOUND for an organization that is not. */
  async show(organization: string | null, purpose: Purpose): Promise<Policy[]> {
    const db = await this.#stores.database()
    const call = {
      function: 'get_policy',
      arguments: organization === null ? {} : { organization },
      organizations: organization === null ? null : [organization],
    }
    return onRecord(db, call, purpose, () => getPolicy(db, organization))
  }

  /** What setting would do, by doing it and taking it back. @throws MeanderError REFUSED, on the record. */
  preview(order: PolicyOrder): Promise<PolicyChange> {
    return this.#change(order, true)
  }

  /** A preview as the outcome of a dry run. */
  async dryRun(order: PolicyOrder): Promise<PolicyOutcome> {
    const change = await this.preview(order)
    const blocklist = { mode: await this.#blocklist.mode(), published: 0, pending: 0 }
    const swept = { sessionsRevoked: 0, refreshTokensRevoked: 0, accessTokensBlocked: 0, skipped: 0 }
    return { change, swept, blocklist, residualAccess: [], cause: null }
  }

  /** The result that this login got for this request before, with the blocklist as it is now; null for a new request. */
  async recall(request: Request): Promise<PolicyOutcome | null> {
    const stored = await recallResult<Remembered>(await this.#stores.database(), request)
    return stored && this.#settled(stored)
  }

  /**
   * Sets the policy, then sweeps what it cut off, tells Redis and reads back what is left.
   * @throws MeanderError REFUSED, FAILED, UNKNOWN; INTERRUPTED within the sweep, when the policy is set already.
   */
  async set(order: PolicyOrder, request: Request | null, signal: AbortSignal): Promise<PolicyOutcome> {
    const change = await this.#change(order, false)
    const { purpose, requestId } = order
    const swept = await afterCommit(isSet, async () => {
      const order = { organization: change.organizationId, batchSize, purpose, dryRun: false, requestId }
      const all = await this.#sweep.collect(order, signal)
      if (request) await rememberAfterwards(await this.#stores.database(), request, { change, swept: all })
      return all
    })
    return this.#settled({ change, swept })
  }

  async #change(order: PolicyOrder, dryRun: boolean): Promise<PolicyChange> {
    const db = await this.#stores.database()
    const { organization, changes, purpose, requestId } = order
    const call = {
      function: 'set_policy',
      arguments: { ...(organization === null ? {} : { organization }), changes },
      organizations: organization === null ? null : [organization],
    }
    const done = await onRecord(db, call, purpose, () =>
      db.transaction(
        (transaction) => setPolicy(transaction, { organization, changes, ...purpose, requestId }),
        { rollback: (result: PolicyChange | Refusal) => dryRun && !isRefusal(result) },
      ),
    )
    return unlessRefused(done)
  }

  async #settled({ change, swept }: Remembered): Promise<PolicyOutcome> {
    const outcome = await settled(isSet, () => this.#blocklist.settle(swept.blocked))
    return { change, swept: swept.summary, ...outcome }
  }
}
