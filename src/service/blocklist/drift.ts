import { type BlockedRow, listBlockedTokens, unknownTokens } from '../../postgres/blocklist.ts'
import type { Database } from '../../postgres/database.ts'
import type { BlocklistStore } from '../../redis/blocklist-store.ts'

export type DriftProblem = 'missing' | 'short' | 'endless' | 'unknown'

/** Where PostgreSQL and Redis disagree. */
export interface Drift {
  /** Published tokens within reach that still live, each looked for in Redis. */
  readonly compared: number
  /** Published, but not in Redis: access that has not ended. */
  readonly missing: number
  /** In Redis, but not for as long as the token lives. */
  readonly short: number
  /** In Redis without an end. */
  readonly endless: number
  /** Keys of Redis that were looked up in PostgreSQL; null: only a publisher or an administrator sees enough to. */
  readonly keys: number | null
  /** In Redis, but unknown to PostgreSQL; null alike. */
  readonly unknown: number | null
  /** Some of them by name. */
  readonly named: readonly { readonly jti: string; readonly problem: DriftProblem }[]
}

/** As many of one kind are named. */
const named = 20
/** Tokens in one page. */
const pageSize = 5000

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * Compares the two stores token by token, page by page: both ways for who sees everything (`everywhere`), else what
 * is within reach. PostgreSQL is read first, so that what is published meanwhile is no drift.
 * @throws MeanderError FAILED when Redis cannot be asked.
 */
export const compare = async (
  db: Database,
  store: BlocklistStore,
  { everywhere, signal }: { readonly everywhere: boolean; readonly signal?: AbortSignal | undefined },
): Promise<Drift> => {
  const found = new Findings()
  let compared = 0
  let after: BlockedRow | null = null
  do {
    const page: BlockedRow[] = await listBlockedTokens(db, 'visible', after, pageSize)
    after = page.length < pageSize ? null : (page.at(-1) ?? null)
    const published = page.filter((row) => row.published)
    const read = performance.now()
    const lives = await store.remaining(published.map(({ jti }) => jti))
    const passed = performance.now() - read
    compared += published.length
    for (const [index, { jti, remainingMs }] of published.entries()) {
      const life = lives[index] ?? null
      if (life === null) {
        // What ended while it was looked for may be gone.
        if (remainingMs > passed) found.add('missing', jti)
      } else if (life < remainingMs - passed) found.add('short', jti)
      else if (life === Number.POSITIVE_INFINITY && !everywhere) found.add('endless', jti)
    }
  } while (after !== null && !signal?.aborted)
  const keys = everywhere ? await lookUpKeys(db, store, found, signal) : null
  return {
    compared,
    missing: found.count('missing'),
    short: found.count('short'),
    endless: found.count('endless'),
    keys,
    unknown: everywhere ? found.count('unknown') : null,
    named: found.named,
  }
}

/** Whether PostgreSQL knows each key of Redis, and whether it ends. */
const lookUpKeys = async (
  db: Database,
  store: BlocklistStore,
  found: Findings,
  signal: AbortSignal | undefined,
): Promise<number> => {
  let count = 0
  let batch = new Set<string>()
  const lookUp = async () => {
    const names = [...batch]
    batch = new Set()
    if (names.length === 0) return
    count += names.length
    const jtis = names.filter((name) => uuid.test(name))
    const known = new Set(jtis)
    if (jtis.length > 0) for (const jti of await unknownTokens(db, jtis)) known.delete(jti)
    const lives = await store.remaining(names)
    for (const [index, name] of names.entries()) {
      const life = lives[index] ?? null
      // Gone meanwhile: it was about to end.
      if (life === null) continue
      if (life === Number.POSITIVE_INFINITY) found.add('endless', name)
      if (!known.has(name)) found.add('unknown', name)
    }
  }
  for await (const name of store.keys()) {
    batch.add(name)
    if (batch.size >= pageSize) await lookUp()
    if (signal?.aborted) break
  }
  await lookUp()
  return count
}

/** Counts all and names a few. */
class Findings {
  readonly named: { jti: string; problem: DriftProblem }[] = []
  readonly #counts: Record<DriftProblem, number> = { missing: 0, short: 0, endless: 0, unknown: 0 }

  add(problem: DriftProblem, jti: string): void {
    this.#counts[problem]++
    if (this.#counts[problem] <= named) this.named.push({ jti, problem })
  }

  count(problem: DriftProblem): number {
    return this.#counts[problem]
  }
}
