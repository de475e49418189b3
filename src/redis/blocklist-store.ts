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
  /** Those among the published that Redis did not have before. */
  readonly added: readonly string[]
  /** No server could be asked: whatever else there is to publish would fail alike. */
  readonly away: boolean
}

/** Whether Redis is the one that was filled. */
export interface RedisLook {
  /** Every server has its canary: none was emptied since somebody sealed it. */
  readonly sealed: boolean
  /** One for each master; another one than before means that it started anew, or another took its place. */
  readonly runIds: readonly string[]
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
   * Idempotent; a TTL only grows. Never throws for a store that is away: everything is then in `failed`, within
   * three seconds.
   */
  publish(tokens: readonly BlockedToken[]): Promise<PublishResult>
  /** @throws MeanderError FAILED when a server cannot be asked. */
  look(): Promise<RedisLook>
  /**
   * Leaves the canary on every server: it says that Redis has all that is blocked, so only who has just put all of it
   * there may call this. @throws MeanderError FAILED when a server cannot be asked.
   */
  seal(): Promise<void>
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
