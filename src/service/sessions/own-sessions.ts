import { endOtherSessions, endUserSession, listUserSessions } from '../../postgres/own-sessions.ts'
import type { Revocation, Session } from '../../postgres/sessions.ts'
import { Blocklist, type BlocklistOutcome } from '../blocklist/blocklist.ts'
import { settled } from '../committed.ts'
import type { Stores } from '../stores.ts'

/** What ended, and what the API may still accept for some minutes because Redis could not be told. */
export interface OwnRevocation extends Revocation {
  readonly residualAccess: BlocklistOutcome['residualAccess']
  /** Why Redis could not be told; null when it was, or need not be. */
  readonly cause: string | null
}

/** The sessions of a person whom the API has authenticated, over a login of the Authentication Module. */
export class OwnSessions {
  readonly #stores: Stores
  readonly #blocklist: Blocklist

  constructor(stores: Stores) {
    this.#stores = stores
    this.#blocklist = new Blocklist(stores)
  }

  /** Those that are active, the latest activity first. @throws MeanderError NOT_FOUND */
  async list(user: string): Promise<Session[]> {
    return listUserSessions(await this.#stores.database(), user)
  }

  /** @throws MeanderError NOT_FOUND for one that is not this person's. */
  async end(user: string, session: string): Promise<OwnRevocation> {
    return this.#settled(
      await (await this.#stores.database()).transaction((transaction) =>
        endUserSession(transaction, user, session),
      ),
    )
  }

  /** All but `session`. @throws MeanderError NOT_FOUND when that one is not this person's: then nothing ends. */
  async endOthers(user: string, session: string): Promise<OwnRevocation> {
    return this.#settled(
      await (await this.#stores.database()).transaction((transaction) =>
        endOtherSessions(transaction, user, session),
      ),
    )
  }

  async #settled(revocation: Revocation): Promise<OwnRevocation> {
    const ended = revocation.items.map(({ sessionId }) => sessionId)
    if (ended.length === 0) return { ...revocation, residualAccess: [], cause: null }
    const { residualAccess, cause } = await settled(
      `${revocation.summary.revoked} sessions are revoked`,
      () => this.#blocklist.settle(ended),
    )
    return { ...revocation, residualAccess, cause }
  }
}
