import { createHash } from 'node:crypto'
import type { ChainEvent, ChainHead } from '../../postgres/audit-chain.ts'
import type { Database } from '../../postgres/database.ts'
import type { Purpose } from '../on-record.ts'
import { chainPages } from './chain-pages.ts'
import { decodeEvent, type ExportedEvent, momentOf } from './exported-event.ts'
import type { EventFilter } from './filter.ts'

/** Which events of whose record, and where it goes on. */
export interface ExportOrder {
  /** Without durations: they would mean another moment on each page. */
  readonly filter: EventFilter
  /** Events behind this number alone, of one organization. */
  readonly after: number | null
  readonly limit: number | null
}

/** What is exported of one organization's chain. */
export interface ExportedPart {
  readonly organization: string
  readonly organizationId: string
  readonly events: number
  readonly firstSeq: number | null
  readonly lastSeq: number | null
  /** As it was when the last event was read. */
  readonly head: { readonly seq: number | null; readonly hash: string | null }
}

/** The end of an export: what says that it is whole, and of which chains it is a part. */
export interface ExportProof {
  readonly schemaVersion: 1
  readonly kind: 'AuditProof'
  /** The database's clock when the export began. */
  readonly exportedAt: string
  readonly filter: ExportOrder['filter']
  readonly after: number | null
  readonly limit: number | null
  readonly events: number
  /** sha256 over the hashes of all events, in their order. */
  readonly digest: string
  readonly organizations: readonly ExportedPart[]
}

/** Some events of one chain, as they were read: to decode each takes as long as to read it. */
export interface ExportedPage {
  readonly organization: string
  readonly events: readonly ChainEvent[]
  decode(event: ChainEvent): ExportedEvent
  /** The one text in it that is not among the event's `fields`: RFC 3339, null for what nobody could have written. */
  momentOf(event: ChainEvent): string | null
}

/** An export under way: the proof is complete when the events are read. */
export interface RecordExport {
  readonly pages: AsyncGenerator<ExportedPage, void>
  readonly proof: () => ExportProof
}

/** What is made of a page is let go of before much of it has come together. */
const eventsAtOnce = 100

/** What narrows by more than time leaves holes, which nobody can tell from events that were taken out. */
export const leavesHoles = ({ actor, action, target, ticket }: ExportOrder['filter']): boolean =>
  [actor, action, target, ticket].some((value) => value !== undefined)

/** The digest of a proof, event by event. */
export const exportDigest = () => {
  const hash = createHash('sha256')
  let waiting = ''
  const flush = () => {
    hash.update(waiting, 'hex')
    waiting = ''
  }
  return {
    add({ hash: link }: Pick<ChainEvent, 'hash'>): void {
      waiting += link
      if (waiting.length > 65_536) flush()
    },
    value(): string {
      flush()
      return hash.copy().digest('hex')
    },
  }
}

/** These chains' events, one chain after the other, oldest first. */
export const exportChains = (
  db: Database,
  heads: readonly ChainHead[],
  { filter, after, limit }: ExportOrder,
  purpose: Purpose,
): RecordExport => {
  const parts: ExportedPart[] = []
  const digest = exportDigest()
  const most = limit ?? Number.POSITIVE_INFINITY
  let count = 0
  async function* pages(): AsyncGenerator<ExportedPage, void> {
    for (const { organization, organizationId } of heads) {
      const before = count
      let head: ExportedPart['head'] = { seq: null, hash: null }
      let firstSeq: number | null = null
      let lastSeq: number | null = null
      for await (const page of chainPages(db, { organization: organizationId, ...filter }, purpose, after)) {
        const wanted = page.events.slice(0, most - count)
        head = page.head
        for (const event of wanted) digest.add(event)
        count += wanted.length
        firstSeq ??= wanted[0]?.seq ?? null
        lastSeq = wanted.at(-1)?.seq ?? lastSeq
        for (let from = 0; from < wanted.length; from += eventsAtOnce) {
          yield {
            organization,
            events: wanted.slice(from, from + eventsAtOnce),
            decode: (event) => decodeEvent(organization, event),
            momentOf: ({ at }) => momentOf(at),
          }
        }
        if (count === most) break
      }
      parts.push({ organization, organizationId, events: count - before, firstSeq, lastSeq, head })
    }
  }
  return {
    pages: pages(),
    proof: () => ({
      schemaVersion: 1,
      kind: 'AuditProof',
      exportedAt: heads[0]?.at ?? '',
      filter,
      after,
      limit,
      events: count,
      digest: digest.value(),
      organizations: parts,
    }),
  }
}
