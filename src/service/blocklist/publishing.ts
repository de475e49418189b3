import {
  type BlockedRow,
  claimBlocklist,
  listBlockedTokens,
  markPublished,
  noteRedisFilled,
  type ResidualAccess,
  type TokenPosition,
} from '../../postgres/blocklist.ts'
import type { Database } from '../../postgres/database.ts'
import type { BlocklistStore } from '../../redis/blocklist-store.ts'
import { compare, type Drift } from './drift.ts'

export interface FailedToken extends ResidualAccess {
  readonly message: string
}

/** What one pass over the outbox came to. */
export interface Published {
  readonly published: number
  /** By name; a long list is cut. */
  readonly failed: readonly FailedToken[]
}

/** Tokens in one transaction, and in the pipelines that it waits for. */
const claimSize = 5000
/** Tokens in one page that is not locked. */
const pageSize = 5000
/** Failures that are kept by name: a Redis that is full refuses them all. */
const namedFailures = 1000
/** How often a Redis that loses what it is given is filled anew. */
const rounds = 3

interface PublishOptions {
  /** Only of these; left out, all within reach. */
  readonly sessions?: readonly string[]
  /** How long to begin new batches; left out, until all were tried. */
  readonly patienceMs?: number
  readonly signal?: AbortSignal
}

/**
 * Carries pending tokens to Redis: claims, publishes and confirms in batches, each a transaction. Every token is
 * tried once, so that one which Redis refuses stops no other; a Redis that is away is not asked again.
 */
export const publishPending = async (
  db: Database,
  store: BlocklistStore,
  { sessions, patienceMs = Number.POSITIVE_INFINITY, signal }: PublishOptions = {},
): Promise<Published> => {
  const until = performance.now() + patienceMs
  const failed: FailedToken[] = []
  let published = 0
  let after: TokenPosition | null = null
  for (;;) {
    const position = after
    const { claimed, result } = await db.transaction(async (transaction) => {
      const batch = await claimBlocklist(transaction, sessions ?? null, position, claimSize)
      if (batch.length === 0) return { claimed: batch, result: null }
      const sent = await store.publish(batch)
      if (sent.published.length > 0) await markPublished(transaction, sent.published)
      return { claimed: batch, result: sent }
    })
    if (result) {
      published += result.published.length
      keepNamed(failed, claimed, result.failed)
    }
    after = claimed.at(-1) ?? null
    const through = claimed.length < claimSize || !result || result.away
    if (through || signal?.aborted || performance.now() >= until) return { published, failed }
  }
}

/** What filling Redis came to. */
export interface Filled {
  /** Tokens that live and are within reach. */
  readonly live: number
  /** Of those, what PostgreSQL had as published and Redis had not any more. */
  readonly restored: number
  /** Noted as published now. */
  readonly published: number
  readonly failed: readonly FailedToken[]
  /** What was compared at the end; null where this login does not see all, or something failed before. */
  readonly drift: Drift | null
}

interface FillOptions {
  /** This login sees the whole blocklist: only then the canary may say that Redis has all of it. */
  readonly everywhere: boolean
  readonly signal?: AbortSignal | undefined
  readonly onPage?: ((done: number) => void) | undefined
}

/**
 * Puts every token that lives and is within reach into Redis, published or not. Who sees all then seals Redis and
 * compares: what was lost after it was written, and before the canary was there, is missing then, and written again.
 */
export const fill = async (
  db: Database,
  store: BlocklistStore,
  { everywhere, ...options }: FillOptions,
): Promise<Filled> => {
  let restored = 0
  let published = 0
  for (let round = 1; ; round++) {
    const pass = await fillOnce(db, store, options)
    restored += pass.restored
    published += pass.published
    const done = { ...pass, restored, published, drift: null }
    if (!everywhere || pass.failed.length > 0 || options.signal?.aborted) return done
    await store.seal()
    const { sealed, runIds } = await store.look()
    const drift = await compare(db, store, { everywhere: false, signal: options.signal })
    const whole = sealed && drift.missing === 0 && drift.short === 0
    if (whole) await noteRedisFilled(db, runIds)
    if (whole || round === rounds) return { ...done, drift }
  }
}

const fillOnce = async (
  db: Database,
  store: BlocklistStore,
  { signal, onPage }: Omit<FillOptions, 'everywhere'>,
): Promise<Omit<Filled, 'drift'>> => {
  const failed: FailedToken[] = []
  let [live, restored, published] = [0, 0, 0]
  let after: BlockedRow | null = null
  for (;;) {
    const page: BlockedRow[] = await listBlockedTokens(db, 'publishable', after, pageSize)
    after = page.at(-1) ?? null
    if (page.length > 0) {
      const result = await store.publish(page)
      const [added, there] = [new Set(result.added), new Set(result.published)]
      const unnoted = page.filter((row) => !row.published && there.has(row.jti)).map(({ jti }) => jti)
      live += page.length
      restored += page.filter((row) => row.published && added.has(row.jti)).length
      if (unnoted.length > 0) {
        published += await db.transaction((transaction) => markPublished(transaction, unnoted))
      }
      keepNamed(failed, page, result.failed)
      onPage?.(live)
      if (result.away) return { live, restored, published, failed }
    }
    if (page.length < pageSize || signal?.aborted) return { live, restored, published, failed }
  }
}

const keepNamed = (
  kept: FailedToken[],
  tokens: readonly ResidualAccess[],
  failures: readonly { readonly jti: string; readonly message: string }[],
): void => {
  if (failures.length === 0 || kept.length >= namedFailures) return
  const messages = new Map(failures.map(({ jti, message }) => [jti, message]))
  for (const { jti, sessionId, expiresAt } of tokens) {
    const message = messages.get(jti)
    if (message !== undefined && kept.length < namedFailures)
      kept.push({ jti, sessionId, expiresAt, message })
  }
}
