import * as z from 'zod'
import type { RevocationResult } from '../service/sessions/sessions.ts'
import { blocklistOutcome, run } from './blocklist-outcome.schema.ts'
import { count, id, type Kind, oneOf, result, text } from './json.schema.ts'
import { appliedPlan } from './plan.schema.ts'

type Revoked = RevocationResult['items'][number]

const revokedSession = z
  .strictObject({
    sessionId: id('the session, as it was named'),
    userId: id('whose it is; null when it was not found').nullable(),
    userEmail: text('their e-mail address').nullable(),
    outcome: oneOf<Revoked['outcome']>(
      { revoked: true, alreadyRevoked: true, alreadyExpired: true, notFound: true },
      'what became of it',
    ),
  })
  .meta({ id: 'RevokedSession' }) satisfies z.ZodType<Revoked>

const summary = z.strictObject({
  requested: count('sessions that were named, or that matched'),
  revoked: count('ended now'),
  alreadyRevoked: count('ended by someone before'),
  alreadyExpired: count('ended by themselves before'),
  notFound: count('within nobody’s reach'),
  refreshTokensRevoked: count('refresh tokens that were alive'),
  accessTokensBlocked: count('access tokens put on the blocklist'),
}) satisfies z.ZodType<RevocationResult['summary']>

export const kinds: readonly Kind[] = [
  result(
    { kind: 'RevocationResult', says: 'What became of each session', by: ['sessions revoke', 'apply'] },
    {
      ...run,
      summary,
      ...blocklistOutcome,
      items: z.array(revokedSession),
      plan: appliedPlan.optional().describe('of apply alone'),
    },
  ),
]
