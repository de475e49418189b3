import type { BlocklistStatus, CheckResult, SyncResult } from '../service/blocklist.ts'
import { timeText } from './time.ts'
import type { View } from './view.ts'

const redisText = ({ mode, redis, redisError }: BlocklistStatus): string => {
  if (mode === 'database') return 'not read by the platform'
  if (redisError) return `cannot be asked: ${redisError}`
  if (!redis) return 'no Redis of this login: the publisher carries the blocklist'
  const bad = redis.findings.filter(({ ok }) => !ok)
  return bad.length === 0
    ? `healthy, ${redis.version}, ${redis.mode}`
    : bad.map(({ name, actual, fix }) => `${name}: ${actual}. ${fix}`).join('; ')
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
    { key: 'redis', value: (s) => s.redis, cell: { header: 'redis', text: redisText } },
    { key: 'redisError', value: (s) => s.redisError },
  ],
  id: (s) => s.mode,
}

/** Where one access token stands in both stores. */
export const checkView: View<CheckResult> = {
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
      value: (c) => c.redisRemainingMs,
      cell: {
        header: 'in Redis',
        text: (c) =>
          c.redisError ??
          (c.redisRemainingMs === null ? 'no' : `for ${Math.ceil(c.redisRemainingMs / 1000)} s more`),
      },
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
    { key: 'pending', value: (s) => s.pending, cell: { header: 'pending' } },
    {
      key: 'failed',
      value: (s) => s.failed,
      cell: {
        header: 'failed',
        text: (s) => s.failed.map(({ jti, message }) => `${jti}: ${message}`).join('; '),
      },
    },
  ],
  id: (s) => s.mode,
}
