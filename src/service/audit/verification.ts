import type { ChainHead } from '../../postgres/audit-chain.ts'
import type { Database } from '../../postgres/database.ts'
import type { Purpose } from '../on-record.ts'
import { type Anchor, AnchorChecker } from './anchors.ts'
import { ChainChecker, type Fault } from './chain.ts'
import { chainPages } from './chain-pages.ts'
import { decodeEvent } from './exported-event.ts'
import { chooses, type EventFilter } from './filter.ts'

/** A fault, and whose chain it is in. */
export interface NamedFault extends Fault {
  readonly organization: string
}

/** What became of one chain. */
export interface CheckedChain {
  readonly organization: string
  readonly organizationId: string
  readonly events: number
  readonly firstSeq: number | null
  readonly lastSeq: number | null
  /** The hash of the last event: what a checkpoint of it says. */
  readonly lastHash: string | null
  /**
   * From the first event to the head, a part without a hole, parts that do not follow each other, or each event by
   * itself: what an export lets one say.
   */
  readonly coverage: 'whole' | 'part' | 'parts' | 'events'
  readonly faults: number
  /** The last event that a checkpoint or evidence knows as it stands here; null where none does. */
  readonly anchoredSeq: number | null
}

/** A verification under way: the rest is complete when the faults are read. */
export interface Verification {
  /** As they are found. */
  readonly faults: AsyncGenerator<NamedFault, void>
  readonly chains: readonly CheckedChain[]
  readonly summary: VerificationSummary
}

interface VerificationSummary {
  readonly organizations: number
  readonly events: number
  readonly faults: number
  /** How many events the filter chooses; null without one. They are part of what was checked, which is everything. */
  readonly matching: number | null
}

/** What is asked of a verification besides its verdict. */
export interface Watching {
  readonly filter: EventFilter
  /** Told how many events are done. */
  readonly seen: (events: number) => void
}

/** Counts the events that a filter chooses; null without one. */
export const counter = (filter: EventFilter) =>
  Object.keys(filter).length === 0
    ? null
    : {
        count: 0,
        add(event: Parameters<typeof chooses>[1], at: number): void {
          if (chooses(filter, event, at)) this.count += 1
        },
      }

/** Recomputes every link of these chains, one after the other. */
export const verifyChains = (
  db: Database,
  heads: readonly ChainHead[],
  purpose: Purpose,
  { filter, seen }: Watching,
  known: { readonly anchors: readonly Anchor[]; readonly faults: readonly NamedFault[] },
): Verification => {
  const chains: CheckedChain[] = []
  const matching = counter(filter)
  const summary = { organizations: heads.length, events: 0, faults: 0, matching: matching && 0 }
  async function* faultsOf(
    { organizationId }: ChainHead,
    checker: ChainChecker,
    anchored: AnchorChecker,
  ): AsyncGenerator<Fault, void> {
    for await (const { events, head, last } of chainPages(db, { organization: organizationId }, purpose)) {
      for (const event of events) {
        // Nearly always there is nothing, and to pass nothing on takes longer than to check.
        matching?.add(decodeEvent('', event), event.at)
        const found = [checker.next(event), anchored.next(event)]
        for (const some of found) if (some.length > 0) yield* some
      }
      summary.events += events.length
      if (matching) summary.matching = matching.count
      seen(summary.events)
      if (last) yield* [...checker.end(head), ...anchored.end(checker.lastSeq ?? 0)]
    }
  }
  async function* faults(): AsyncGenerator<NamedFault, void> {
    summary.faults += known.faults.length
    yield* known.faults
    for (const head of heads) {
      const { organization, organizationId } = head
      const checker = new ChainChecker(organizationId, { whole: true })
      const anchored = new AnchorChecker(
        organizationId,
        known.anchors.filter((anchor) => anchor.organizationId === organizationId),
      )
      const before = summary.faults
      for await (const fault of faultsOf(head, checker, anchored)) {
        summary.faults += 1
        yield { organization, ...fault }
      }
      const { events, firstSeq, lastSeq, lastHash } = checker
      const found = summary.faults - before
      chains.push({
        ...{ organization, organizationId, events, firstSeq, lastSeq, lastHash, faults: found },
        coverage: 'whole',
        anchoredSeq: anchored.anchoredSeq,
      })
    }
  }
  return { faults: faults(), chains, summary }
}
