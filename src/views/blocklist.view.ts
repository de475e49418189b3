import type { BlocklistStatus, CheckResult } from '../service/blocklist/blocklist.ts'
import type { Drift } from '../service/blocklist/drift.ts'
import type { RebuildResult, SyncResult } from '../service/blocklist/results.ts'
import { timeText } from './time.ts'
import type { View } from './view.ts'

type Finding = NonNullable<BlocklistStatus['redis']>['findings'][number]

const redisText = ({ mode, redis, redisError }: BlocklistStatus): string => {
  if (mode === 'database') return 'not read by the platform'
  if (redisError) return `cannot be asked: ${redisError}`
  if (!redis) return 'no Redis of this login: the publisher carries the blocklist'
  const bad = redis.findings.filter(({ ok }) => !ok)
  return bad.length === 0
    ? `healthy, ${redis.version}, ${redis.mode}`
    : bad.map(({ name, actual, fix }) => `${name}: ${actual}. ${fix}`).join('; ')
}

/** Whose tokens were looked at. */
const ofWhat = {
  header: 'of',
  text: ({ everywhere }: { readonly everywhere: boolean }) =>
    everywhere ? 'all organizations' : 'what is within reach',
}

const problems = {
  missing: 'published, but not in Redis',
  short: 'forgotten by Redis before it ends',
  endless: 'in Redis without an end',
  unknown: 'in Redis, but unknown to PostgreSQL',
} as const

/** `none: 12 tokens and 12 keys compared`, or how many of what, and some by name. */
const driftText = (drift: Drift | null): string => {
  if (!drift) return 'not compared'
  const found = (['missing', 'short', 'endless', 'unknown'] as const).flatMap((problem) =>
    drift[problem] ? [`${drift[problem]} ${problems[problem]}`] : [],
  )
  const keys = drift.keys === null ? '' : ` and ${drift.keys} keys`
  if (found.length === 0) return `none: ${drift.compared} tokens${keys} compared`
  return `${found.join(', ')}: ${drift.named.map(({ jti, problem }) => `${jti} (${problem})`).join(', ')}`
}

const clockText = (ms: number | null): string =>
  ms === null ? '' : `${Math.abs(ms)} ms ${ms < 0 ? 'behind' : 'ahead of'} PostgreSQL`

/** Each thing of Redis that was looked at. */
export const redisFindingView: View<Finding> = {
  kind: 'RedisFinding',
  noun: ['finding', 'findings'],
  columns: [
    { key: 'name', value: (f) => f.name, cell: { header: 'what' } },
    {
      key: 'ok',
      value: (f) => f.ok,
      cell: {
        header: 'ok',
        text: ({ ok }) => (ok ? 'yes' : 'NO'),
        tone: ({ ok }) => (ok ? 'good' : 'bad'),
      },
    },
    { key: 'actual', value: (f) => f.actual, cell: { header: 'is', shrink: 1 } },
    { key: 'expected', value: (f) => f.expected, cell: { header: 'expected', shrink: 2 } },
    { key: 'fix', value: (f) => f.fix, cell: { header: 'fix', wide: true } },
  ],
  id: (f) => f.name,
}

/** The blocklist as a whole. */
export const blocklistStatusView: View<BlocklistStatus> = {
  kind: 'BlocklistStatus',
  noun: ['blocklist', 'blocklists'],
  columns: [
    { key: 'mode', value: (s) => s.mode, cell: { header: 'mode' } },
    { key: 'live', value: (s) => s.live, cell: { header: 'blocked now' } },
    { key: 'pending', value: (s) => s.pending, cell: { header: 'pending' } },
    {
      key: 'oldestPendingAt',
      value: (s) => s.oldestPendingAt,
      cell: { header: 'oldest pending', text: (s, at) => timeText(s.oldestPendingAt, at) },
    },
    { key: 'everywhere', value: (s) => s.everywhere, cell: ofWhat },
    {
      key: 'drift',
      value: (s) => s.drift,
      cell: { header: 'drift', text: ({ drift, mode }) => (mode === 'database' ? '' : driftText(drift)) },
    },
    {
      key: 'clockDifferenceMs',
      value: (s) => s.clockDifferenceMs,
      cell: { header: 'clock of Redis', text: (s) => clockText(s.clockDifferenceMs) },
    },
    { key: 'redis', value: (s) => s.redis, cell: { header: 'redis', text: redisText } },
    { key: 'redisError', value: (s) => s.redisError },
  ],
  id: (s) => s.mode,
}

const inRedis = ({ redisError, redisRemainingMs: ms }: CheckResult): string => {
  if (redisError !== null) return redisError
  if (ms === null) return 'no'
  return ms === Number.POSITIVE_INFINITY ? 'without an end' : `for ${Math.ceil(ms / 1000)} s more`
}

/** Where one access token stands in both stores. */
export const blocklistEntryView: View<CheckResult> = {
  kind: 'BlocklistEntry',
  noun: ['token', 'tokens'],
  columns: [
    { key: 'jti', value: (c) => c.jti, cell: { header: 'jti' } },
    { key: 'sessionId', value: (c) => c.sessionId, cell: { header: 'session' } },
    { key: 'organizationId', value: (c) => c.organizationId },
    {
      key: 'expiresAt',
      value: (c) => c.expiresAt,
      cell: { header: 'expires', text: (c, at) => timeText(c.expiresAt, at) },
    },
    { key: 'remainingMs', value: (c) => c.remainingMs },
    {
      key: 'publishedAt',
      value: (c) => c.publishedAt,
      cell: { header: 'published', text: (c, at) => timeText(c.publishedAt, at) },
    },
    { key: 'mode', value: (c) => c.mode },
    {
      key: 'redisRemainingMs',
      // As Redis's own PTTL has it: -1 is a key without an end.
      value: ({ redisRemainingMs: ms }) => (ms === Number.POSITIVE_INFINITY ? -1 : ms),
      cell: { header: 'in Redis', text: inRedis },
    },
    { key: 'redisError', value: (c) => c.redisError },
    {
      key: 'blocked',
      value: (c) => c.blocked,
      cell: {
        header: 'blocked',
        text: (c) => (c.blocked ? 'yes, wherever the platform looks' : 'no: the API may still accept it'),
        tone: ({ blocked }) => (blocked ? 'good' : 'bad'),
      },
    },
  ],
  id: (c) => c.jti,
}

/** What a sync carried to Redis. */
export const syncView: View<SyncResult> = {
  kind: 'SyncResult',
  noun: ['sync', 'syncs'],
  columns: [
    { key: 'mode', value: (s) => s.mode, cell: { header: 'mode' } },
    { key: 'published', value: (s) => s.published, cell: { header: 'published' } },
    { key: 'restored', value: (s) => s.restored, cell: { header: 'put back' } },
    { key: 'pending', value: (s) => s.pending, cell: { header: 'pending' } },
    {
      key: 'failed',
      value: (s) => s.failed,
      cell: { header: 'failed', text: (s) => failedText(s.failed) },
    },
    {
      key: 'redisError',
      value: (s) => s.redisError,
      cell: { header: 'redis', text: (s) => s.redisError ?? '' },
    },
  ],
  id: (s) => s.mode,
}

const failedText = (failed: SyncResult['failed']): string =>
  failed.map(({ jti, message }) => `${jti}: ${message}`).join('; ')

/** What filling Redis anew came to. */
export const rebuildView: View<RebuildResult> = {
  kind: 'RebuildResult',
  noun: ['rebuild', 'rebuilds'],
  columns: [
    { key: 'mode', value: (r) => r.mode, cell: { header: 'mode' } },
    {
      key: 'everywhere',
      value: (r) => r.everywhere,
      cell: ofWhat,
    },
    { key: 'live', value: (r) => r.live, cell: { header: 'blocked now' } },
    { key: 'restored', value: (r) => r.restored, cell: { header: 'put back' } },
    { key: 'published', value: (r) => r.published, cell: { header: 'published' } },
    { key: 'pending', value: (r) => r.pending, cell: { header: 'pending' } },
    {
      key: 'failed',
      value: (r) => r.failed,
      cell: { header: 'failed', text: (r) => failedText(r.failed) },
    },
    {
      key: 'drift',
      value: (r) => r.drift,
      cell: { header: 'drift', text: ({ drift, mode }) => (mode === 'database' ? '' : driftText(drift)) },
    },
    {
      key: 'redisError',
      value: (r) => r.redisError,
      cell: { header: 'redis', text: (r) => r.redisError ?? '' },
    },
    {
      key: 'equal',
      value: (r) => r.equal,
      cell: {
        header: 'both stores',
        text: ({ equal, mode }) =>
          mode === 'database' ? 'PostgreSQL is the only one' : equal ? 'have the same' : 'differ',
        tone: ({ equal }) => (equal ? 'good' : 'bad'),
      },
    },
  ],
  id: (r) => r.mode,
}
