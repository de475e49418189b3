import { type Identity, whoami } from '../postgres/identity.ts'
import { commandsOf } from './permissions.ts'
import type { Stores } from './stores.ts'

export interface WhoAmI extends Identity {
  /** Commands that this login may run, as they are typed. */
  readonly commands: readonly string[]
  readonly database: string
  /** Protocol and cipher; null is an unencrypted connection. */
  readonly tls: string | null
}

/** Who the login is, and what that lets it do. */
export class IdentityPart {
  readonly #stores: Stores

  constructor(stores: Stores) {
    this.#stores = stores
  }

  async whoami(): Promise<WhoAmI> {
    const db = await this.#stores.database()
    const identity = await whoami(db)
    return { ...identity, commands: commandsOf(identity), database: db.label, tls: await db.tls() }
  }
}
