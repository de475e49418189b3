import {
  type FactKind,
  getTrace,
  type Trace,
  type TracedAccessToken,
  type TracedGrant,
  type TracedRefreshToken,
  type TracedSession,
  type TracedUser,
} from '../postgres/trace.ts'
import { onRecord, type Purpose } from './on-record.ts'
import type { Stores } from './stores.ts'

export type { FactKind, Trace, TracedAccessToken, TracedGrant, TracedRefreshToken, TracedSession, TracedUser }

export interface TraceQuery {
  /** An address, a network, an id, an e-mail address, or a part of a user agent or device. */
  readonly fact: string
  /** ISO 8601: how far apart is still together. */
  readonly window: string
  readonly organization: string | null
}

/** From one fact of an incident to everything that is connected to it. */
export class Tracing {
  readonly #stores: Stores

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /** @throws MeanderError NOT_FOUND for what is unknown or foreign, USAGE for an ambiguous e-mail or too wide a fact. */
  async find(query: TraceQuery, purpose: Purpose): Promise<Trace> {
    const db = await this.#stores.database()
    const { fact, window, organization } = query
    const call = {
      function: 'get_trace',
      arguments: { fact, window, organization },
      organizations: organization === null ? null : [organization],
    }
    return onRecord(db, call, purpose, () => getTrace(db, query))
  }
}
