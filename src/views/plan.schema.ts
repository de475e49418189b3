import * as z from 'zod'
import { planHeadSchema, planTargetSchema } from '../service/plans/plan.schema.ts'
import { count, hash, id, type Kind, lines, moment, text, thing } from './json.schema.ts'

const { schemaVersion: _, kind: __, selector: ___, targets, ...head } = planHeadSchema.shape

const plan = z.strictObject({
  id: id('the plan, and the request id of its events'),
  act: head.act.describe('what apply will do'),
  organization: text('slug of the organization'),
  targets: targets.describe('sessions or users in the frozen set'),
  users: count('how many people that is'),
  reason: text('goes on the record'),
  ticket: text('goes on the record').nullable(),
  author: text('the login that made it'),
  createdAt: moment('when it was frozen'),
  expiresAt: moment('until when it may be taken up'),
  sha256: hash('of the file but for its last line, which says it too'),
  file: text('where it was written'),
})

/** What a result says of the plan that it carried out. */
export const appliedPlan = z.strictObject({
  id: id('the plan'),
  author: text('the login that made it'),
  createdAt: moment('when it was frozen'),
  expiresAt: moment('until when it might be taken up'),
  continued: z.boolean().describe('taken up before, and finished now'),
  newMatches: z.array(z.guid()).describe('sessions that match by now, and were not touched'),
})

const planLine = z.union([
  planHeadSchema.describe('the first line'),
  planTargetSchema.describe('one line for each target'),
  z.strictObject({ sha256: hash('of everything before') }).describe('the last line'),
])

export const kinds: readonly Kind[] = [
  thing(
    {
      kind: 'Plan',
      says: 'A frozen set that apply will carry out',
      by: ['sessions revoke --plan', 'users offboard --plan'],
    },
    plan,
  ),
  lines(
    {
      kind: 'PlanFile',
      says: 'The lines of a plan’s file',
      by: ['sessions revoke --plan', 'users offboard --plan'],
    },
    planLine,
  ),
]
