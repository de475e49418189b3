import { MeanderError } from '../../errors.ts'
import {
  type AuditEvent,
  type AuditPosition,
  type AuditSelector,
  listAuditEvents,
} from '../../postgres/audit.ts'
import { databaseIdentity } from '../../postgres/checkpoints.ts'
import { whoami } from '../../postgres/identity.ts'
import { decodeCursor, encodeCursor, microseconds } from '../cursor.ts'
import { onRecord, type Purpose } from '../on-record.ts'
import { filled, firstOf, walk } from '../pages.ts'
import type { Stores } from '../stores.ts'
import { chainHeads } from './chain-pages.ts'
import { type ExportOrder, exportChains, type RecordExport } from './export.ts'
import { fixed } from './filter.ts'
import { type Timeline, type TimelineStep, timelineOf } from './timeline.ts'
import { type Verification, verifyChains } from './verification.ts'
import type { Witnesses } from './witnesses.ts'

export type { AuditEvent, AuditSelector, Timeline, TimelineStep }

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

/** The record: read newest first, and checked from its beginning. */
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
    const fetch = async (after: AuditPosition | null, size: number) =>
      filled(
        await onRecord(db, call, purpose, () => listAuditEvents(db, { selector, after, limit: size })),
        positionOf,
        size,
      )
    yield* walk(fetch, position(cursor), limit)
  }

  /** Every matching event, gathered into what was done, in the order in which it happened. */
  async timeline(selector: AuditSelector, purpose: Purpose): Promise<Timeline> {
    return timelineOf(selector, this.stream({ selector, cursor: null }, purpose))
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

  /**
   * The record of every organization within reach, or of one, oldest first, read as it is consumed.
   * @throws MeanderError NOT_FOUND where there is no record, USAGE for a number behind which several would go on.
   */
  async export(
    { organization, ...filter }: AuditSelector,
    part: Omit<ExportOrder, 'filter'>,
    purpose: Purpose,
  ): Promise<RecordExport> {
    const db = await this.#stores.database()
    const heads = await chainHeads(db, organization ?? null, purpose)
    if (part.after !== null && heads.length > 1) {
      throw new MeanderError('USAGE', 'A number is one of one organization.', {
        hint: `Give --org: ${heads.map((head) => head.organization).join(', ')}`,
      })
    }
    const { at } = heads[0] as (typeof heads)[0]
    return exportChains(db, heads, { ...part, filter: fixed(filter, at) }, purpose)
  }

  /**
   * Recomputes every link of every chain within reach, or of one, and holds it against what is kept outside of the
   * database; with evidence alone, the chain that it rests on. What else selects narrows nothing: it is counted.
   * @throws MeanderError NOT_FOUND where there is no chain to check.
   */
  async verify(
    { organization, ...filter }: AuditSelector,
    purpose: Purpose,
    witnesses: Witnesses | null,
    seen: (events: number) => void,
  ): Promise<Verification & { readonly notes: readonly string[] }> {
    const db = await this.#stores.database()
    const heads = await chainHeads(db, organization ?? null, purpose)
    const watching = { filter: fixed(filter, heads[0]?.at ?? ''), seen }
    if (witnesses === null) {
      return { ...verifyChains(db, heads, purpose, watching, { anchors: [], faults: [] }), notes: [] }
    }
    const { hear } = await import('./witnesses.ts')
    const { checkpoints, evidence } = witnesses
    const chains =
      evidence && checkpoints.length === 0 && organization === undefined
        ? heads.filter((head) => head.organization === evidence.head?.organization)
        : heads
    const whole = organization === undefined && (await whoami(db)).kind === 'administrator'
    const heard = hear(witnesses, await databaseIdentity(db), chains, whole)
    return { ...verifyChains(db, chains, purpose, watching, heard), notes: heard.notes }
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
