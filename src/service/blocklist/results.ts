import type { Drift } from './drift.ts'
import type { FailedToken, Filled } from './publishing.ts'

/** What a sync carried to Redis. */
export interface SyncResult {
  readonly mode: 'redis' | 'database'
  readonly published: number
  /** What Redis had lost, and has again. */
  readonly restored: number
  readonly pending: number
  readonly failed: readonly FailedToken[]
  /** Why it cannot be said that Redis has what was published before. */
  readonly redisError: string | null
}

/** What filling Redis anew came to. */
export interface RebuildResult extends Omit<Filled, 'drift'> {
  readonly mode: 'redis' | 'database'
  /** Every organization's, and not only what is within an operator's reach. */
  readonly everywhere: boolean
  readonly pending: number
  /** Both stores compared at the end; null where Redis could not be asked, or is not read. */
  readonly drift: Drift | null
  /** Why Redis could not be asked. */
  readonly redisError: string | null
  /** Both stores have the same. */
  readonly equal: boolean
}
