/** What the rest of the tool knows of Redis: the fast copy of the blocklist that the API reads. */

export interface BlockedToken {
  readonly jti: string
  readonly sessionId: string
  /** Remaining life of the access token by PostgreSQL's clock, in milliseconds. */
  readonly remainingMs: number
}

export interface PublishResult {
  /** In Redis with an expiry not shorter than asked for, each confirmed. */
  readonly published: readonly string[]
  /** Not confirmed, with the plain cause. */
  readonly failed: readonly { readonly jti: string; readonly message: string }[]
  /** There was no canary before: Redis is new, or was emptied, and whatever was published earlier is to be published again. */
  readonly fresh: boolean
}

export interface RedisHealth {
  readonly ok: boolean
  readonly version: string
  readonly mode: 'single' | 'sentinel' | 'cluster'
  /** One line for each thing that may lose a blocked token: eviction policy, read-only, persistence … */
  readonly findings: readonly {
    readonly name: string
    readonly ok: boolean
    readonly expected: string
    readonly actual: string
    readonly fix: string
  }[]
  /** Redis clock minus this machine's, in milliseconds. */
  readonly clockOffsetMs: number
  /** One for each master that answers; another one than before means that it started anew. */
  readonly runIds: readonly string[]
}

export interface BlocklistStore {
  /** For messages: `redis://127.0.0.1:6379`, never a password. */
  readonly label: string
  /**
   * Idempotent; a TTL only grows. Leaves the canary too, even where there is no token. Never throws for a store
   * that is away: everything is then in `failed`, within three seconds.
   */
  publish(tokens: readonly BlockedToken[]): Promise<PublishResult>
  /**
   * Milliseconds that each key still has, in order; null where there is no key, Infinity where it never ends.
   * @throws MeanderError FAILED when Redis cannot be asked.
   */
  remaining(jtis: readonly string[]): Promise<(number | null)[]>
  /** The `jti`s of the keys under the prefix, streamed; one may come twice. @throws MeanderError FAILED when Redis cannot be asked. */
  keys(): AsyncIterable<string>
  /** Never throws for a store that is away: that is a finding. */
  health(): Promise<RedisHealth>
  close(): Promise<void>
}
