import {
  type AuditEvent,
  type AuditPosition,
  type AuditSelector,
  listAuditEvents,
} from '../postgres/audit.ts'
import { decodeCursor, encodeCursor, microseconds } from './cursor.ts'
import { onRecord, type Purpose } from './on-record.ts'
import { firstOf, walk } from './pages.ts'
import type { Stores } from './stores.ts'

export type { AuditEvent, AuditSelector }

export interface AuditQuery {
  readonly selector: AuditSelector
  readonly cursor: string | null
}

type Row = Awaited<ReturnType<typeof listAuditEvents>>[number]

const positionOf = (row: Row): AuditPosition => ({
  at: microseconds(row.at),
  organizationId: row.organizationId,
  seq: row.seq,
})

/** The record, newest first. */
export class Audit {
  readonly #stores: Stores

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /** Every matching event from the cursor on, `limit` at most, read as it is consumed. */
  async *stream(
    { selector, cursor }: AuditQuery,
    purpose: Purpose,
    limit = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<Row, void> {
    const db = await this.#stores.database()
    const call = {
      function: 'list_audit_events',
      arguments: selector,
      organizations: selector.organization === undefined ? null : [selector.organization],
      continued: cursor !== null,
    }
    yield* walk(
      (after, size) =>
        onRecord(db, call, purpose, () => listAuditEvents(db, { selector, after, limit: size })),
      positionOf,
      position(cursor),
      limit,
    )
  }

  /** The first `limit` matching events, and the cursor of the next page. */
  async list(
    query: AuditQuery,
    purpose: Purpose,
    limit: number,
  ): Promise<{ items: AuditEvent[]; nextCursor: string | null }> {
    const { items, rest } = await firstOf((n) => this.stream(query, purpose, n), positionOf, limit)
    return { items, nextCursor: rest && encodeCursor([rest.at, rest.organizationId, rest.seq]) }
  }
}

const position = (cursor: string | null): AuditPosition | null => {
  if (cursor === null) return null
  const [at = '', organizationId = '', seq = ''] = decodeCursor(cursor, [
    /^\d{1,18}$/,
    /^[0-9a-f-]{36}$/,
    /^\d{1,15}$/,
  ])
  return { at, organizationId, seq: Number(seq) }
}
