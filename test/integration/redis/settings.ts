import type { RedisSettings } from '../../../src/config/redis-settings.ts'
import type { PrivateRedis } from '../../support/redis.ts'

export const prefix = 'meander:blocklist:'

/** How the tool would be told to reach a server of its own. */
export const single = (
  { host, port }: PrivateRedis,
  more: { db?: number; username?: string; password?: string } = {},
): RedisSettings => ({ kind: 'single', host, port, db: 0, tls: null, prefix, ...more })

/** The user that the contract describes: these commands, this prefix, nothing else. */
export const narrowUser = (more = ''): string =>
  `user publisher on >tiny-secret ~${prefix}* -@all +set +pexpire +exists +pttl +scan +ping +info +time ${more}`

export const narrow = { username: 'publisher', password: 'tiny-secret' } as const

/** `count` tokens that have a quarter of an hour left, unless told. */
export const tokens = (count: number, remainingMs = 840_000) =>
  Array.from({ length: count }, (_, index) => ({
    jti: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    sessionId: `10000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    remainingMs,
  }))
