import type { Database } from '../postgres/database.ts'
import type { BlocklistStore } from '../redis/blocklist-store.ts'

/** The two stores, opened when they are first needed. */
export interface Stores {
  database(): Promise<Database>
  /** null: this login has no Redis of its own; a publisher carries what it blocks. */
  blocklist(): Promise<BlocklistStore | null>
}
