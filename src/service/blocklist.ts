import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BlocklistCount,
  blocklistStatus,
  type CheckedToken,
  checkToken,
  claimBlocklist,
  markPublished,
  type ResidualAccess,
  residualAccess,
} from '../postgres/blocklist.ts'
import type { RedisHealth } from '../redis/blocklist-store.ts'
import type { Stores } from './stores.ts'

/** How much of what a command blocked is where. */
export interface BlocklistOutcome {
  readonly blocklist: {
    readonly mode: 'redis' | 'database'
    readonly published: number
    readonly pending: number
  }
  /** Access tokens that the API may still accept, and until when. */
  readonly residualAccess: readonly ResidualAccess[]
  /** Why Redis could not be told; null when it was, or need not be. */
  readonly cause: string | null
}

export interface SyncResult {
  readonly mode: 'redis' | 'database'
  readonly published: number
  readonly pending: number
  readonly failed: readonly { readonly jti: string; readonly message: string }[]
}

export interface BlocklistStatus extends BlocklistCount {
  /** null: this login has no Redis of its own. */
  readonly redis: RedisHealth | null
  /** Why Redis could not be asked. */
  readonly redisError: string | null
}

export interface CheckResult extends CheckedToken {
  /** Milliseconds that Redis still blocks it; null: not there, or not asked. */
  readonly redisRemainingMs: number | null
  readonly redisError: string | null
  /** Blocked wherever the platform looks, for as long as the token lives. */
  readonly blocked: boolean
}

const claimSize = 1000
/** How long a command without a Redis of its own waits for the publisher. */
const publisherPatienceMs = 10_000
/** Ids that one call of the database takes. */
const idsAtOnce = 10_000

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Where nothing is published that still counts, a Redis without a canary has lost nothing. */
const withoutCanary = (health: RedisHealth): RedisHealth => {
  const findings = health.findings.filter(({ name }) => name !== 'canary')
  return { ...health, findings, ok: findings.every(({ ok }) => ok) }
}

/** The blocklist: PostgreSQL is the truth and the outbox, Redis the copy that the API reads. */
export class Blocklist {
  readonly #stores: Stores

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /** Carries everything pending within reach to Redis. Safe at any time and by several at once. */
  async sync(): Promise<SyncResult> {
    const db = await this.#stores.database()
    const { mode, pending } = await blocklistStatus(db)
    if (mode === 'database' || pending === 0) return { mode, published: 0, pending: 0, failed: [] }
    const { published, failed } = await this.#publish()
    const after = await blocklistStatus(db)
    return { mode, published, pending: after.pending, failed }
  }

  async status(): Promise<BlocklistStatus> {
    const count = await blocklistStatus(await this.#stores.database())
    if (count.mode === 'database') return { ...count, redis: null, redisError: null }
    try {
      const store = await this.#stores.blocklist()
      const health = store && (await store.health())
      const redis = health && count.live === count.pending ? withoutCanary(health) : health
      return { ...count, redis, redisError: null }
    } catch (error) {
      return { ...count, redis: null, redisError: messageOf(error) }
    }
  }

  /** Whether the platform reads Redis or the database itself. */
  async mode(): Promise<BlocklistCount['mode']> {
    return (await blocklistStatus(await this.#stores.database())).mode
  }

  /** Where one access token stands. @throws MeanderError NOT_FOUND for a token that was never blocked within reach. */
  async check(jti: string): Promise<CheckResult> {
    const token = await checkToken(await this.#stores.database(), jti)
    if (token.mode === 'database' || token.remainingMs === 0) {
      return { ...token, redisRemainingMs: null, redisError: null, blocked: true }
    }
    try {
      const store = await this.#stores.blocklist()
      if (!store)
        return { ...token, redisRemainingMs: null, redisError: null, blocked: token.publishedAt !== null }
      const [left = null] = await store.remaining([jti])
      return {
        ...token,
        redisRemainingMs: left,
        redisError: null,
        blocked: left !== null && left >= token.remainingMs,
      }
    } catch (error) {
      return { ...token, redisRemainingMs: null, redisError: messageOf(error), blocked: false }
    }
  }

  /**
   * The last step of every act: carries what these sessions' end blocked to Redis, or waits for the publisher, and
   * reads back what is still usable.
   */
  async settle(sessions: readonly string[], signal?: AbortSignal): Promise<BlocklistOutcome> {
    const first = await this.carry(sessions)
    if (first.residualAccess.length === 0 || first.cause !== null) return first
    const { mode, published, residual } = await this.#awaitPublisher(sessions, signal)
    return {
      blocklist: { mode, published, pending: residual.length },
      residualAccess: residual,
      cause: residual.length > 0 ? 'no publisher has told Redis within 10 seconds' : null,
    }
  }

  /** The same without waiting for anybody: for one part of many. A null cause with something left means: wait. */
  async carry(sessions: readonly string[]): Promise<BlocklistOutcome> {
    let state = await this.#residual(sessions)
    let cause: string | null = null
    if (state.residual.length > 0) {
      cause = await this.#publish().then(
        ({ failed }) => failed[0]?.message ?? null,
        (error: unknown) => messageOf(error),
      )
      state = await this.#residual(sessions)
    }
    return {
      blocklist: { mode: state.mode, published: state.published, pending: state.residual.length },
      residualAccess: state.residual,
      cause: state.residual.length > 0 ? cause : null,
    }
  }

  async #awaitPublisher(
    sessions: readonly string[],
    signal?: AbortSignal,
  ): ReturnType<typeof residualAccess> {
    const until = performance.now() + publisherPatienceMs
    let state = await this.#residual(sessions)
    while (state.residual.length > 0 && performance.now() < until && !signal?.aborted) {
      await sleep(100)
      state = await this.#residual(sessions)
    }
    return state
  }

  async #residual(sessions: readonly string[]): ReturnType<typeof residualAccess> {
    const db = await this.#stores.database()
    const all: Awaited<ReturnType<typeof residualAccess>> = {
      mode: sessions.length === 0 ? await this.mode() : 'database',
      published: 0,
      residual: [],
    }
    for (let from = 0; from < sessions.length; from += idsAtOnce) {
      const part = await residualAccess(db, sessions.slice(from, from + idsAtOnce))
      all.mode = part.mode
      all.published += part.published
      all.residual.push(...part.residual)
    }
    return all
  }

  /** Claims, publishes and confirms in batches, each in a transaction, until nothing more gets through. */
  async #publish(): Promise<{ published: number; failed: SyncResult['failed'] }> {
    const store = await this.#stores.blocklist()
    if (!store) return { published: 0, failed: [] }
    const db = await this.#stores.database()
    let published = 0
    for (;;) {
      const batch = await db.transaction(async (transaction) => {
        const claimed = await claimBlocklist(transaction, claimSize)
        if (claimed.length === 0) return { confirmed: 0, failed: [] }
        const result = await store.publish(claimed)
        if (result.published.length > 0) await markPublished(transaction, result.published)
        return { confirmed: result.published.length, failed: result.failed }
      })
      published += batch.confirmed
      if (batch.confirmed === 0) return { published, failed: batch.failed }
    }
  }
}
