import type { Database } from '../postgres/database.ts'
import type { BlocklistStore } from '../redis/blocklist-store.ts'

/** The two stores, opened when they are first needed. */
export interface Stores {
  database(): Promise<Database>
  /** null: this login has no Redis of its own; a publisher carries what it blocks. */
  blocklist(): Promise<BlocklistStore | null>
  /** A connection of its own, which its caller closes: for what outlives one. */
  connect(): Promise<Database>
  /** Tells a person what must be known though nothing has failed; left out where there is nobody. */
  notice?(text: string): void
}
