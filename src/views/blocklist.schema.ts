import * as z from 'zod'
import type { BlocklistStatus } from '../service/blocklist/blocklist.ts'
import type { Drift } from '../service/blocklist/drift.ts'
import type { FollowEvent } from '../service/blocklist/following.ts'
import { blocklistMode, openToken } from './blocklist-outcome.schema.ts'
import { count, id, type Kind, lines, moment, oneOf, text, thing } from './json.schema.ts'

const drift = z
  .strictObject({
    compared: count('published tokens that still live, each looked for in Redis'),
    missing: count('published, but not in Redis'),
    short: count('in Redis for less long than the token lives'),
    endless: count('in Redis without an end'),
    keys: count('keys of Redis that were looked up in PostgreSQL').nullable(),
    unknown: count('in Redis, but unknown to PostgreSQL').nullable(),
    named: z
      .array(
        z.strictObject({
          jti: text('the token, or the key'),
          problem: oneOf<Drift['named'][number]['problem']>(
            { missing: true, short: true, endless: true, unknown: true },
            'where the stores disagree',
          ),
        }),
      )
      .describe('some of them'),
  })
  .meta({ id: 'Drift', description: 'Where PostgreSQL and Redis disagree.' }) satisfies z.ZodType<Drift>

type Health = NonNullable<BlocklistStatus['redis']>

const redis = z.strictObject({
  ok: z.boolean().describe('nothing that may lose a blocked token was found'),
  version: text('of the server'),
  mode: oneOf<Health['mode']>({ single: true, sentinel: true, cluster: true }, 'how it is reached'),
  findings: z.array(
    z.strictObject({
      name: text('what was looked at'),
      ok: z.boolean(),
      expected: text('what it has to be'),
      actual: text('what it is'),
      fix: text('what mends it'),
    }),
  ),
  clockOffsetMs: z.number().describe('its clock minus this machine’s'),
  runIds: z.array(z.string()).describe('of each master; another one means that it started anew'),
}) satisfies z.ZodType<Health>

const why = text('why Redis could not be asked').nullable()

const status = z.strictObject({
  mode: blocklistMode,
  live: count('blocked tokens that have not expired yet'),
  pending: count('those that Redis was not told of yet'),
  oldestPendingAt: moment('since when').nullable(),
  everywhere: z.boolean().describe('every organization’s, not only what is within reach'),
  drift: drift.nullable().describe('null: not compared'),
  clockDifferenceMs: z.number().nullable().describe('Redis’s clock minus PostgreSQL’s'),
  redis: redis.nullable().describe('null: this login has no Redis of its own'),
  redisError: why,
})

const entry = z.strictObject({
  jti: id('the access token'),
  sessionId: id('its session'),
  organizationId: id('the organization'),
  expiresAt: moment('when it ends by itself'),
  remainingMs: z.number().describe('until then, by PostgreSQL’s clock'),
  publishedAt: moment('when Redis was told').nullable(),
  mode: blocklistMode,
  redisRemainingMs: z.number().nullable().describe('as Redis’s PTTL has it: -1 without an end, null no key'),
  redisError: why,
  blocked: z.boolean().describe('wherever the platform looks'),
})

const failed = z.array(z.strictObject({ ...openToken.shape, message: text('why Redis did not take it') }))

const sync = z.strictObject({
  mode: blocklistMode,
  published: count('told to Redis now'),
  restored: count('Redis had lost them, and has them again'),
  pending: count('still to be told'),
  failed,
  redisError: why,
})

const rebuild = z.strictObject({
  mode: blocklistMode,
  everywhere: z.boolean().describe('every organization’s'),
  live: count('blocked tokens that have not expired yet'),
  restored: count('put back into Redis'),
  published: count('told to Redis for the first time'),
  pending: count('still to be told'),
  failed,
  drift: drift.nullable().describe('null: not compared'),
  redisError: why,
  equal: z.boolean().describe('both stores have the same'),
})

const following = z.strictObject({
  at: moment('when'),
  event: oneOf<FollowEvent['event']>(
    { following: true, published: true, restored: true, trouble: true, recovered: true },
    'what happened',
  ),
  tokens: count('access tokens of this event'),
  pending: count('still to be told'),
  message: text('of trouble').nullable(),
})

export const kinds: readonly Kind[] = [
  thing({ kind: 'BlocklistStatus', says: 'Both stores compared', by: ['blocklist status'] }, status),
  thing({ kind: 'BlocklistEntry', says: 'One access token in both stores', by: ['blocklist check'] }, entry),
  thing({ kind: 'SyncResult', says: 'What was told to Redis', by: ['blocklist sync'] }, sync),
  thing({ kind: 'RebuildResult', says: 'What was put into Redis again', by: ['blocklist rebuild'] }, rebuild),
  lines(
    { kind: 'BlocklistEvent', says: 'What the publisher does', by: ['blocklist sync --follow'] },
    following,
  ),
]
