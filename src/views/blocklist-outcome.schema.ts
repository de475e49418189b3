import * as z from 'zod'
import type { BlocklistOutcome } from '../service/blocklist/blocklist.ts'
import { count, id, moment, oneOf } from './json.schema.ts'

export const blocklistMode = oneOf<BlocklistOutcome['blocklist']['mode']>(
  { redis: true, database: true },
  'where the platform looks for blocked tokens',
)

export const openToken = z.strictObject({
  jti: id('the access token'),
  sessionId: id('of this session, which has ended'),
  expiresAt: moment('usable until then at the latest'),
})

/** What an act came to on the blocklist: two fields of every result. */
export const blocklistOutcome = {
  blocklist: z.strictObject({
    mode: blocklistMode,
    published: count('access tokens of this act that the platform was told of'),
    pending: count('access tokens of this act that it was not told of yet'),
  }),
  residualAccess: z.array(openToken).describe('access tokens that the API may still accept'),
}

/** Two fields at the head of every result of an act. */
export const run = {
  requestId: id('--request-id, or the plan that was carried out').nullable(),
  dryRun: z.boolean().describe('nothing was changed'),
}
