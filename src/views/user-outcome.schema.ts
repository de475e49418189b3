import * as z from 'zod'
import type { RowOutcome, RunSummary } from '../service/users/run.ts'
import { blocklistOutcome, run } from './blocklist-outcome.schema.ts'
import { count, id, type Kind, oneOf, result, text } from './json.schema.ts'
import { appliedPlan } from './plan.schema.ts'

const userOutcome = z
  .strictObject({
    row: z.int().min(1).describe('of the file or the list, from 1'),
    email: text('of the user, or as the row names them').nullable(),
    userId: id('null when nobody was found').nullable(),
    outcome: oneOf<RowOutcome['outcome']>(
      {
        offboarded: true,
        alreadyOffboarded: true,
        signedOut: true,
        alreadySignedOut: true,
        reinstated: true,
        alreadyActive: true,
        notFound: true,
        invalid: true,
        refused: true,
        failed: true,
      },
      'what became of them',
    ),
    sessionsRevoked: count('sessions that ended'),
    message: text('why, where nothing was done').nullable(),
  })
  .meta({ id: 'UserOutcome' })

const acts = {
  OffboardResult: { done: 'offboarded', already: 'alreadyOffboarded', by: ['users offboard', 'apply'] },
  SignOutResult: { done: 'signedOut', already: 'alreadySignedOut', by: ['users sign-out'] },
  ReinstateResult: { done: 'reinstated', already: 'alreadyActive', by: ['users reinstate'] },
} as const

const rest = {
  notFound: count('rows that name nobody within reach'),
  invalid: count('rows that cannot be read'),
  refused: count('users on whom this operator may not act'),
  failed: count('users on whom the act failed, or was not begun'),
  sessionsRevoked: count('sessions that ended'),
  accessTokensBlocked: count('access tokens put on the blocklist'),
  grantsRevoked: count('support access grants that ended'),
} satisfies Partial<Record<keyof RunSummary, z.ZodType>>

export const kinds: readonly Kind[] = Object.entries(acts).map(([kind, { done, already, by }]) =>
  result(
    { kind, says: 'What became of each user', by },
    {
      ...run,
      summary: z.strictObject({
        rows: count('users that were named'),
        [done]: count('users on whom it was done now'),
        [already]: count('users on whom it had been done before'),
        ...rest,
      }),
      ...blocklistOutcome,
      items: z.array(userOutcome),
      plan: appliedPlan.optional().describe('of apply alone'),
    },
  ),
)
