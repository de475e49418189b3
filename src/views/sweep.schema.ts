import * as z from 'zod'
import type { EndReason, Purged, SweepResult } from '../service/sessions/sweep.ts'
import { blocklistOutcome, run } from './blocklist-outcome.schema.ts'
import { count, type Kind, oneOf, result } from './json.schema.ts'

const sweptReason = z
  .strictObject({
    reason: oneOf<EndReason>(
      {
        'idle timeout': true,
        'absolute lifetime': true,
        expired: true,
        'grant ended': true,
        'grant revoked': true,
      },
      'what had ended them',
    ),
    sessions: count('how many'),
  })
  .meta({ id: 'SweptReason' })

const purged = z.strictObject({
  sessions: count('deleted for good'),
  refreshTokens: count('with them'),
  blockedTokens: count('with them'),
  requests: count('request ids that were forgotten'),
  intents: count('intents that were forgotten'),
}) satisfies z.ZodType<Purged>

export const kinds: readonly Kind[] = [
  result(
    { kind: 'SweepResult', says: 'What had ended by itself, and is recorded now', by: ['sessions sweep'] },
    {
      ...run,
      summary: z.strictObject({
        sessionsRevoked: count('sessions that were swept'),
        refreshTokensRevoked: count('refresh tokens that were alive'),
        accessTokensBlocked: count('access tokens put on the blocklist'),
        skipped: count('in somebody else’s hands: the next sweep has them'),
      }) satisfies z.ZodType<SweepResult['summary']>,
      purged: purged.nullable().describe('null without --purge-after'),
      ...blocklistOutcome,
      items: z.array(sweptReason),
    },
  ),
]
