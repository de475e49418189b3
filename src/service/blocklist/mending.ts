import { type BlocklistCount, blocklistStatus } from '../../postgres/blocklist.ts'
import type { Database } from '../../postgres/database.ts'
import type { BlocklistStore, RedisLook } from '../../redis/blocklist-store.ts'
import { type Filled, fill } from './publishing.ts'

/** How long the answer holds that Redis is the one that was filled, or that this login has done what it can. */
const mendedForMs = 30_000

interface MendOptions {
  /** What PostgreSQL said just now. */
  readonly known?: Pick<BlocklistCount, 'everywhere' | 'redisRunIds'>
  readonly signal?: AbortSignal
}

/** Notices a Redis that started anew, was emptied or failed over, and puts back what it has lost. */
export class Mender {
  readonly #notice: (text: string) => void
  #mended: { readonly at: number; readonly servers: string; readonly sealed: boolean } | null = null

  /** `notice` is told what was lost. */
  constructor(notice: (text: string) => void = () => {}) {
    this.#notice = notice
  }

  /**
   * Fills a Redis that is not the one that was filled, as far as this login reaches; null where nothing was to do. A
   * canary is left only by who reaches everything; for all others each command fills its part anew, until that is done.
   */
  async mend(
    db: Database,
    store: BlocklistStore,
    look: RedisLook,
    { known, signal }: MendOptions = {},
  ): Promise<Filled | null> {
    const servers = [...look.runIds].sort().join()
    const recent = this.#mended && performance.now() - this.#mended.at < mendedForMs ? this.#mended : null
    if (recent?.servers === servers && (look.sealed || !recent.sealed)) return null
    const { everywhere, redisRunIds } = known ?? (await blocklistStatus(db))
    const whole = look.sealed && look.runIds.every((id) => redisRunIds.includes(id))
    const filled = whole ? null : await fill(db, store, { everywhere, signal })
    const { failed = [], drift = null } = filled ?? {}
    if (failed.length === 0 && (drift === null || drift.missing + drift.short === 0)) {
      this.#mended = { at: performance.now(), servers, sealed: whole || everywhere }
    }
    if (filled && filled.restored > 0) {
      const others = everywhere
        ? ''
        : ' Those of others come back by an administrator’s meanderctl blocklist rebuild.'
      this.#notice(
        `Redis had lost ${filled.restored} blocked access ${filled.restored === 1 ? 'token' : 'tokens'} within your reach: blocked again.${others}`,
      )
    }
    return filled
  }
}
