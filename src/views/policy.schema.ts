import * as z from 'zod'
import type { Policy } from '../service/sessions/policies.ts'
import { blocklistOutcome, run } from './blocklist-outcome.schema.ts'
import { count, id, type Kind, list, oneOf, result, text, thing } from './json.schema.ts'
import type { ChangedLimit } from './policy.view.ts'

const limit = (says: string) =>
  z
    .string()
    .regex(/^(\d+[smhdw])+$/)
    .describe(says)

const policy = z
  .strictObject({
    organizationId: id('the organization'),
    organization: text('slug of it'),
    idleTimeout: limit('without activity for so long; null is no limit').nullable(),
    absoluteLifetime: limit('so long after the login; null is no limit').nullable(),
    maxSupportAccess: limit('the longest support access grant'),
  })
  .meta({ id: 'SessionPolicy', description: 'When sessions end by themselves.' }) satisfies z.ZodType<Policy>

const cut = (says: string) =>
  z.strictObject({ sessions: count('sessions'), users: count('of how many users') }).describe(says)

const changedLimit = z
  .strictObject({
    limit: oneOf<ChangedLimit['limit']>(
      { idleTimeout: true, absoluteLifetime: true, maxSupportAccess: true },
      'which limit',
    ),
    before: limit('as it was; null is no limit').nullable(),
    after: limit('as it is now').nullable(),
  })
  .meta({ id: 'PolicyLimit' }) satisfies z.ZodType<ChangedLimit>

export const kinds: readonly Kind[] = [
  thing(
    { kind: 'SessionPolicy', says: 'The policy of the one organization', by: ['sessions policy show'] },
    policy,
  ),
  list(
    { kind: 'SessionPolicyList', says: 'The policies within reach', by: ['sessions policy show'] },
    policy,
  ),
  result(
    { kind: 'SessionPolicyResult', says: 'What a change of policy came to', by: ['sessions policy set'] },
    {
      ...run,
      organizationId: id('the organization'),
      organization: text('slug of it'),
      changed: z.boolean().describe('false: it was so before'),
      summary: z.strictObject({
        activeSessions: count('sessions that were active'),
        endNow: cut('what the change cuts off at once'),
        endWithinDay: cut('what ends within 24 hours unless it is used'),
        sessionsRevoked: count('sessions that were swept'),
        refreshTokensRevoked: count('refresh tokens that were alive'),
        accessTokensBlocked: count('access tokens put on the blocklist'),
        skipped: count('in somebody else’s hands: the next sweep has them'),
      }),
      ...blocklistOutcome,
      items: z.array(changedLimit),
    },
  ),
]
