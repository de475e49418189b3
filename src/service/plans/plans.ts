import { randomUUID } from 'node:crypto'
import { MeanderError } from '../../errors.ts'
import { isRefusal, type Refusal, unlessRefused } from '../../postgres/call.ts'
import type { Queryable } from '../../postgres/database.ts'
import { whoami } from '../../postgres/identity.ts'
import {
  type BegunPlan,
  beginPlan,
  createPlan,
  finishPlan,
  momentsOf,
  type PlanAct,
} from '../../postgres/plans.ts'
import type { SessionSelector } from '../../postgres/sessions.ts'
import { onRecord, type Purpose } from '../on-record.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { Stores } from '../stores.ts'
import { type Plan, type PlanTarget, targetsDigest, writePlan } from './plan-file.ts'

export type { BegunPlan, PlanAct }

/** What is to be frozen. */
export interface PlanRequest {
  readonly act: PlanAct
  readonly items: readonly PlanTarget[]
  /** Slugs of the organizations that the targets are in. */
  readonly organizations: readonly string[]
  readonly selector: SessionSelector | null
  readonly purpose: Purpose
  /** ISO 8601: `PT900S`. */
  readonly lasting: string
}

/** Acts that are frozen first, looked at by a second pair of eyes, and carried out then. */
export class Plans {
  readonly #stores: Stores
  readonly #sessions: Sessions

  constructor(stores: Stores, sessions: Sessions) {
    this.#stores = stores
    this.#sessions = sessions
  }

  /**
   * Registers a plan, and puts its text into `file`: a file without its plan could be applied by nobody, so that one
   * gets its name last.
   * @throws MeanderError USAGE for targets of several organizations, REFUSED, NOT_FOUND.
   */
  async create(
    request: PlanRequest,
    file: { write(text: string): Promise<void>; finish(): Promise<void> },
    cleanJson: (json: string) => string,
  ): Promise<Plan> {
    const [organization, another] = request.organizations
    if (organization === undefined || another !== undefined) {
      throw new MeanderError('USAGE', 'A plan is for one organization, and these are of several.', {
        hint: 'Make one for each: give --org.',
      })
    }
    const db = await this.#stores.database()
    const [{ login }, moments] = [await whoami(db), await momentsOf(db, request.lasting)]
    const { act, items, selector, purpose } = request
    const id = randomUUID()
    const head = {
      id,
      act,
      organization,
      selector,
      ...purpose,
      author: login,
      ...moments,
      targets: items.length,
    }
    const { text, sha256 } = writePlan(head, items, cleanJson)
    await file.write(text)
    const call = { function: 'create_plan', arguments: { plan: id, act }, organizations: [organization] }
    const done = await onRecord(db, call, purpose, () =>
      db.transaction((transaction) =>
        createPlan(transaction, { ...head, targets: items.map((item) => item.id), sha256 }),
      ),
    )
    unlessRefused(done)
    await file.finish()
    return { ...head, items, sha256 }
  }

  /** Takes a plan up; a dry run asks whether it could be. @throws MeanderError NOT_FOUND, REFUSED, USAGE when edited. */
  async begin(plan: Plan, dryRun: boolean): Promise<BegunPlan> {
    const digests = { sha256: plan.sha256, targetsSha256: targetsDigest(plan.items) }
    return this.#change(plan, 'begin_plan', dryRun, (transaction) => beginPlan(transaction, plan.id, digests))
  }

  /** Closes a plan of which nothing is left; returns how much is. */
  async finish(plan: Plan): Promise<number> {
    const { left } = await this.#change(plan, 'finish_plan', false, (transaction) =>
      finishPlan(transaction, plan.id),
    )
    return left
  }

  /** The sessions that the plan's selector names now, and that are not among its set. */
  async newMatches(plan: Plan): Promise<string[]> {
    if (plan.selector === null) return []
    const planned = new Set(plan.items.map(({ id }) => id))
    const query = { selector: plan.selector, scope: 'reach', sort: 'created', cursor: null } as const
    const purpose = { reason: plan.reason, ticket: plan.ticket }
    const found: string[] = []
    for await (const { id } of this.#sessions.stream(query, purpose)) if (!planned.has(id)) found.push(id)
    return found
  }

  async #change<T>(
    plan: Plan,
    name: string,
    dryRun: boolean,
    work: (transaction: Queryable) => Promise<T | Refusal>,
  ): Promise<T> {
    const db = await this.#stores.database()
    const call = { function: name, arguments: { plan: plan.id }, organizations: [plan.organization] }
    const done = await onRecord(db, call, { reason: plan.reason, ticket: plan.ticket }, () =>
      db.transaction(work, { rollback: (result: T | Refusal) => dryRun && !isRefusal(result) }),
    )
    return unlessRefused(done)
  }
}
