import { callValue, type Refusal } from './call.ts'
import type { Queryable } from './database.ts'

/** What a plan does to its targets. */
export type PlanAct = 'revoke_sessions' | 'offboard_users'

export interface PlanOrder {
  readonly id: string
  readonly organization: string
  readonly act: PlanAct
  readonly targets: readonly string[]
  readonly sha256: string
  readonly expiresAt: string
  readonly reason: string
  readonly ticket: string | null
}

/** A plan that was taken up. */
export interface BegunPlan {
  readonly act: PlanAct
  readonly organization: string
  readonly targets: number
  readonly reason: string
  readonly ticket: string | null
  readonly author: string
  readonly createdAt: string
  readonly expiresAt: string
  /** Somebody had taken it up before. */
  readonly continued: boolean
}

/** Now and a while later, by the database's clock. */
export const momentsOf = async (
  db: Queryable,
  lasting: string,
): Promise<{ createdAt: string; expiresAt: string }> => {
  const [row] = await db.query<{ created: string; expires: string }>(
    'select at as created, at + $1::interval as expires from clock_timestamp() as at',
    [lasting],
  )
  return { createdAt: row?.created ?? '', expiresAt: row?.expires ?? '' }
}

/** @see functions/plans/create_plan.sql */
export const createPlan = (db: Queryable, plan: PlanOrder): Promise<{ organization: string } | Refusal> =>
  callValue(db, 'create_plan', {
    p_plan: plan.id,
    p_organization: plan.organization,
    p_act: plan.act,
    p_targets: plan.targets,
    p_sha256: plan.sha256,
    p_expires: plan.expiresAt,
    p_reason: plan.reason,
    p_ticket: plan.ticket,
  })

/** @see functions/plans/begin_plan.sql */
export const beginPlan = (
  db: Queryable,
  id: string,
  digests: { readonly sha256: string; readonly targetsSha256: string },
): Promise<BegunPlan | Refusal> =>
  callValue(db, 'begin_plan', {
    p_plan: id,
    p_sha256: digests.sha256,
    p_targets_sha256: digests.targetsSha256,
  })

/** @see functions/plans/finish_plan.sql */
export const finishPlan = (db: Queryable, id: string): Promise<{ left: number } | Refusal> =>
  callValue(db, 'finish_plan', { p_plan: id })
