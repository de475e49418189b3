import { setTimeout as sleep } from 'node:timers/promises'
import { MeanderError } from '../../errors.ts'
import {
  type BlocklistCount,
  blocklistStatus,
  type CheckedToken,
  checkToken,
  type ResidualAccess,
  residualAccess,
} from '../../postgres/blocklist.ts'
import { databaseClock } from '../../postgres/identity.ts'
import type { BlocklistStore, RedisHealth } from '../../redis/blocklist-store.ts'
import type { Stores } from '../stores.ts'
import { compare, type Drift } from './drift.ts'
import { Mender } from './mending.ts'
import { type FailedToken, type Filled, fill, publishPending } from './publishing.ts'
import type { RebuildResult, SyncResult } from './results.ts'

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

export interface BlocklistStatus extends Omit<BlocklistCount, 'redisRunIds'> {
  /** null: this login has no Redis of its own, or it could not be asked. */
  readonly drift: Drift | null
  /** Redis’s clock minus PostgreSQL’s, in milliseconds. */
  readonly clockDifferenceMs: number | null
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

/** How long a command without a Redis of its own waits for the publisher. */
const publisherPatienceMs = 10_000
/** How long a command goes on with what others left behind, once its own is told. */
const othersPatienceMs = 1_000
/** Ids that one call of the database takes. */
const idsAtOnce = 10_000

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Where each published token was looked for and found, a Redis without a canary has lost nothing. */
const withoutLoss = (health: RedisHealth): RedisHealth => {
  const findings = health.findings.map((finding) =>
    finding.ok || !finding.name.startsWith('canary')
      ? finding
      : { ...finding, ok: true, actual: 'missing, but every published token within reach is there' },
  )
  return { ...health, findings, ok: findings.every(({ ok }) => ok) }
}

/** The blocklist: PostgreSQL is the truth and the outbox, Redis the copy that the API reads. */
export class Blocklist {
  readonly #stores: Stores
  readonly #mender: Mender

  constructor(stores: Stores) {
    this.#stores = stores
    this.#mender = new Mender((text) => stores.notice?.(text))
  }

  /**
   * Carries everything pending within reach to Redis, and puts back what a Redis that is new, was emptied or failed
   * over has lost. Safe at any time and by several at once.
   */
  async sync(): Promise<SyncResult> {
    const db = await this.#stores.database()
    const { mode, pending, ...known } = await blocklistStatus(db)
    const store = mode === 'redis' ? await this.#stores.blocklist() : null
    const nothing = { mode, published: 0, restored: 0, pending, failed: [], redisError: null }
    if (!store) return nothing
    const sent = pending > 0 ? await publishPending(db, store) : nothing
    let filled: Filled | null = null
    let redisError: string | null = null
    if (sent.failed.length === 0) {
      try {
        filled = await this.#mender.mend(db, store, await store.look(), { known })
      } catch (error) {
        redisError = messageOf(error)
      }
    }
    const lost = (filled?.drift?.missing ?? 0) + (filled?.drift?.short ?? 0)
    if (lost > 0) redisError = `it loses what it is given: ${lost} blocked tokens are gone again`
    const after = await blocklistStatus(db)
    return {
      mode,
      published: sent.published + (filled?.published ?? 0),
      restored: filled?.restored ?? 0,
      pending: after.pending,
      failed: filled?.failed ?? sent.failed,
      redisError,
    }
  }

  /**
   * Puts every blocked token within reach that still lives into Redis, published or not, and compares.
   * @throws MeanderError INTERRUPTED between two pages.
   */
  async rebuild(signal: AbortSignal, onPage?: (done: number) => void): Promise<RebuildResult> {
    const db = await this.#stores.database()
    const { mode, everywhere, live, pending } = await blocklistStatus(db)
    const store = mode === 'redis' ? await this.#stores.blocklist() : null
    const nothing = { live, restored: 0, published: 0, failed: [] }
    if (!store) return { mode, everywhere, ...nothing, pending, drift: null, redisError: null, equal: true }
    let filled: Omit<Filled, 'drift'> = nothing
    let drift: Drift | null = null
    let redisError: string | null = null
    try {
      filled = await fill(db, store, { everywhere, signal, onPage })
      if (!signal.aborted) drift = await compare(db, store, { everywhere, signal })
    } catch (error) {
      redisError = messageOf(error)
    }
    if (signal.aborted) {
      throw new MeanderError('INTERRUPTED', `Interrupted: ${filled.live} blocked tokens were gone through.`, {
        hint: 'Run the same command again: it does the rest.',
      })
    }
    const { failed, restored, published } = filled
    const after = await blocklistStatus(db)
    const equal =
      drift !== null &&
      drift.missing + drift.short + (drift.unknown ?? 0) + failed.length + after.pending === 0
    const counts = { live: after.live, restored, published, failed, pending: after.pending }
    return { mode, everywhere, ...counts, drift, redisError, equal }
  }

  /** Both stores, compared, and how Redis is. */
  async status(): Promise<BlocklistStatus> {
    const db = await this.#stores.database()
    const { redisRunIds: _, ...count } = await blocklistStatus(db)
    const unknown = { ...count, drift: null, clockDifferenceMs: null, redis: null, redisError: null }
    if (count.mode === 'database') return unknown
    try {
      const store = await this.#stores.blocklist()
      if (!store) return unknown
      const health = await store.health()
      if (!health.findings.some(({ name, ok }) => name.startsWith('reachable') && ok))
        return { ...unknown, redis: health }
      const [ours, theirs] = [Date.now(), await databaseClock(db)]
      const here = (ours + Date.now()) / 2
      const clockDifferenceMs = Math.round(health.clockOffsetMs - (theirs - here))
      let drift: Drift | null = null
      let redisError: string | null = null
      try {
        drift = await compare(db, store, { everywhere: count.everywhere })
      } catch (error) {
        redisError = messageOf(error)
      }
      const lost = drift === null || drift.missing + drift.short > 0
      return { ...count, drift, clockDifferenceMs, redis: lost ? health : withoutLoss(health), redisError }
    } catch (error) {
      return { ...unknown, redisError: messageOf(error) }
    }
  }

  /** Whether the platform reads Redis or the database itself. */
  async mode(): Promise<BlocklistCount['mode']> {
    return (await blocklistStatus(await this.#stores.database())).mode
  }

  /** Whether this login sees, and publishes, all of it. */
  async reachesEverything(): Promise<boolean> {
    return (await blocklistStatus(await this.#stores.database())).everywhere
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
    const pending = state.residual.length > 0
    const store = pending || state.published > 0 ? await this.#stores.blocklist() : null
    let cause: string | null = null
    let lost: readonly FailedToken[] = []
    if (store) {
      try {
        cause = pending ? await this.#publishOf(sessions, store) : null
        const look = cause === null ? await store.look().catch(() => null) : null
        const db = await this.#stores.database()
        lost = (look && (await this.#mender.mend(db, store, look)))?.failed ?? []
      } catch (error) {
        cause = messageOf(error)
      }
      if (pending) state = await this.#residual(sessions)
    }
    const ours = new Set(sessions)
    const residual = [...state.residual]
    for (const { message, ...token } of lost) {
      if (!ours.has(token.sessionId) || residual.some(({ jti }) => jti === token.jti)) continue
      cause ??= message
      residual.push(token)
      state.published--
    }
    return {
      blocklist: { mode: state.mode, published: state.published, pending: residual.length },
      residualAccess: residual,
      cause: residual.length > 0 ? cause : null,
    }
  }

  /** What these sessions' end blocked, and then for a while what others left behind. Returns why something failed. */
  async #publishOf(sessions: readonly string[], store: BlocklistStore): Promise<string | null> {
    const db = await this.#stores.database()
    for (let from = 0; from < sessions.length; from += idsAtOnce) {
      const part = sessions.slice(from, from + idsAtOnce)
      const { failed } = await publishPending(db, store, { sessions: part })
      if (failed[0]) return failed[0].message
    }
    await publishPending(db, store, { patienceMs: othersPatienceMs })
    return null
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
}
