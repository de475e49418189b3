import {
  addOperator,
  connectionsOf,
  enableOperator,
  endOperator,
  listOperators,
  type Operator,
  type OperatorChange,
  terminateLogin,
} from '../postgres/operators.ts'
import { type Request, recallResult } from '../postgres/requests.ts'
import { afterCommit } from './committed.ts'
import type { Purpose } from './on-record.ts'
import { type Once, once } from './once.ts'
import type { Stores } from './stores.ts'

export type { Operator, OperatorChange }

export interface OperatorEnding extends OperatorChange {
  readonly dryRun: boolean
  /** Connections that were ended before and after; null when some were left, for want of a right. */
  readonly connectionsEnded: number | null
}

/** Who may operate: an administrator's business. */
export class Operators {
  readonly #stores: Stores

  constructor(stores: Stores) {
    this.#stores = stores
  }

  async list(): Promise<Operator[]> {
    return listOperators(await this.#stores.database())
  }

  async add(operator: { login: string; user: string; role: 'auditor' | null }): Promise<OperatorChange> {
    const db = await this.#stores.database()
    return db.transaction((transaction) => addOperator(transaction, operator))
  }

  /** Binds a registered login anew, for the user and in the role that it had; null for one that is not registered. */
  async rebind(login: string): Promise<OperatorChange | null> {
    const known = (await this.list()).find((operator) => operator.login === login)
    if (!known) return null
    return this.add({ login, user: known.userId, role: known.role === 'auditor' ? known.role : null })
  }

  async enable(login: string): Promise<OperatorChange> {
    const db = await this.#stores.database()
    return db.transaction((transaction) => enableOperator(transaction, login))
  }

  /** What this request did before; null for a new request. */
  async recall(request: Request): Promise<OperatorEnding | null> {
    const stored = await recallResult<OperatorChange>(await this.#stores.database(), request)
    return stored && { ...stored, dryRun: false, connectionsEnded: 0 }
  }

  /** Who a login is and how many connections it has; null for one that is not registered. */
  async look(login: string): Promise<{ operator: Operator; connections: number } | null> {
    const operator = (await this.list()).find((one) => one.login === login)
    if (!operator) return null
    return { operator, connections: await connectionsOf(await this.#stores.database(), login) }
  }

  /**
   * Disables or removes a login. Its connections end first, since one that sits in a transaction could hold up what
   * the act must lock; and once more after it, since one may have come in between.
   */
  async end(
    verb: 'disable' | 'remove',
    login: string,
    purpose: Purpose,
    order: Once,
  ): Promise<OperatorEnding> {
    const db = await this.#stores.database()
    const { dryRun, request } = order
    const act = { login, ...purpose, requestId: request?.id ?? null }
    const kill = async () => (dryRun ? 0 : terminateLogin(db, login))
    const before = await kill()
    const change = await once(db, order, (transaction) => endOperator(transaction, verb, act))
    const after = await afterCommit(
      `The login ${login} is ${change.outcome === 'removed' ? 'removed' : 'disabled'}`,
      kill,
    )
    return { ...change, dryRun, connectionsEnded: after === null ? null : (before ?? 0) + after }
  }
}
