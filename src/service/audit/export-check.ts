import { type Anchor, AnchorChecker } from './anchors.ts'
import { ChainChecker, type Fault, type FaultKind } from './chain.ts'
import { type ExportedPart, type ExportProof, exportDigest, leavesHoles } from './export.ts'
import type { ExportLine } from './export-file.ts'
import { type ExportedEvent, encodeFields, microsOf } from './exported-event.ts'
import { chooses } from './filter.ts'
import type { CheckedChain, NamedFault } from './verification.ts'

/** One organization's events in an export. */
interface Part {
  readonly organization: string
  readonly organizationId: string
  readonly anchors: readonly Anchor[]
  readonly anchored: AnchorChecker
  checker: ChainChecker
  holes: boolean
  /** A section began anew instead of going on: only within each of them the links hold. */
  inParts: boolean
  events: number
  firstSeq: number | null
  /** The head that the last proof names. */
  headSeq: number | null
  faults: number
  /** Since the proof before: what the next one speaks of. */
  since: { events: number; firstSeq: number | null }
}

/** Follows an export line by line; several, one behind the other, are several sections, each up to its proof. */
export class ExportCheck {
  /** Events seen. */
  events = 0
  readonly #proofs: readonly (ExportProof | null)[]
  readonly #anchors: readonly Anchor[]
  readonly #parts = new Map<string, Part>()
  #section = 0
  #digest = exportDigest()
  #since = { events: 0, faults: 0 }
  /** Where the last line stood, for a fault of what has no place of its own. */
  #last: Part | null = null

  /** @param proofs those of the file, in their order; null for one that cannot be read. */
  constructor(proofs: readonly (ExportProof | null)[], anchors: readonly Anchor[]) {
    this.#proofs = proofs
    this.#anchors = anchors
  }

  /** What is wrong with this line, or with what should stand before it. */
  next(line: ExportLine): readonly NamedFault[] {
    if ('event' in line) return this.#event(line.event, line.line)
    const found = 'proof' in line ? this.#proof(line.proof) : [this.#damage(line.damage, line.line)]
    this.#since.faults += found.length
    return found
  }

  /** What should have come yet, once everything is read. */
  end(): readonly NamedFault[] {
    const found: NamedFault[] = []
    if (this.#since.events > 0 || this.#section === 0) {
      const last = this.#last?.checker.lastSeq ?? 0
      const detail = `the export ends behind event ${last} without its proof: it was cut off, or edited`
      found.push(this.#name(this.#last, 'truncated', last + 1, last + 1, detail))
    }
    for (const part of this.#parts.values()) found.push(...this.#unanchored(part))
    return found
  }

  /** What became of each organization's events. */
  chains(): CheckedChain[] {
    return [...this.#parts.values()].map((part) => {
      const { organization, organizationId, checker, events, firstSeq, faults, anchored } = part
      const { holes, inParts, headSeq } = part
      const { lastSeq, lastHash } = checker
      const toHead = lastSeq !== null && lastSeq === headSeq && (firstSeq ?? 1) === 1
      const coverage = holes ? 'events' : inParts ? 'parts' : toHead ? 'whole' : 'part'
      return {
        ...{ organization, organizationId, events, firstSeq, lastSeq, lastHash, coverage, faults },
        anchoredSeq: anchored.anchoredSeq,
      }
    })
  }

  #event(event: ExportedEvent, line: number): readonly NamedFault[] {
    const { seq, prevHash, hash, organizationId } = event
    const part = this.#partOf(event)
    this.#last = part
    const at = event.at === null ? null : microsOf(event.at)
    const link = { organizationId, seq, at: at ?? Number.NaN, prevHash, hash, fields: encodeFields(event) }
    const known = part.anchored.next(link)
    const broken = part.checker.next(link)
    part.firstSeq ??= seq
    part.since.firstSeq ??= seq
    part.events += 1
    part.since.events += 1
    this.events += 1
    // Behind a part that was cut off the next one's proof speaks of its own alone; that they hang together, the links say.
    const after = this.#proofs[this.#section]?.after ?? null
    if (after === null || part.holes || seq > after) {
      this.#since.events += 1
      this.#digest.add(event)
    }
    const strange = this.#strange(event, part, at)
    if (broken.length === 0 && known.length === 0 && strange === null) return none
    const faults = [...broken, ...known].map((fault) => ({ organization: part.organization, ...fault }))
    if (strange !== null) {
      const [kind, detail] = strange
      faults.push(this.#fault(part, kind, seq, seq, detail))
    }
    part.faults += faults.length
    this.#since.faults += faults.length
    return faults.map((fault) => ({ ...fault, detail: `line ${line}: ${fault.detail}` }))
  }

  /** What no hash covers: the organization's name, and whether the event belongs here at all. */
  #strange(event: ExportedEvent, part: Part, at: number | null): [kind: FaultKind, detail: string] | null {
    if (event.organization !== part.organization) {
      return ['altered', `it names the organization ${event.organization}, others of it ${part.organization}`]
    }
    const filter = this.#proofs[this.#section]?.filter
    return !filter || chooses(filter, event, at ?? Number.NaN)
      ? null
      : ['foreign', 'it is none of those that the proof speaks of']
  }

  #partOf({ organization, organizationId, seq }: ExportedEvent): Part {
    const proof = this.#proofs[this.#section]
    const holes = proof ? leavesHoles(proof.filter) : false
    const checker = () => new ChainChecker(organizationId, { whole: seq === 1, holes })
    const known = this.#parts.get(organizationId)
    if (known === undefined) {
      const part = this.#newPart(organization, organizationId, checker(), holes)
      this.#parts.set(organizationId, part)
      return part
    }
    // A new section goes on where the one before ended, or begins anew.
    const goesOn = known.checker.lastSeq !== null && seq === known.checker.lastSeq + 1
    if (known.since.events === 0 && (holes || !goesOn)) {
      known.inParts ||= known.events > 0
      known.checker = checker()
    }
    known.holes ||= holes
    return known
  }

  #newPart(organization: string, organizationId: string, checker: ChainChecker, holes: boolean): Part {
    const told = this.#proofs.flatMap((proof) => proof?.organizations ?? [])
    const own = told.filter((one) => one.organizationId === organizationId && one.firstSeq !== null)
    const within = ({ seq }: Anchor) =>
      own.some(({ firstSeq, lastSeq }) => seq >= (firstSeq ?? 0) && seq <= (lastSeq ?? 0))
    const anchors = this.#anchors.filter((anchor) => anchor.organizationId === organizationId)
    return {
      ...{
        organization,
        organizationId,
        anchors,
        checker,
        holes,
        inParts: false,
        events: 0,
        firstSeq: null,
        headSeq: null,
        faults: 0,
      },
      anchored: new AnchorChecker(organizationId, anchors.filter(within)),
      since: { events: 0, firstSeq: null },
    }
  }

  /** Whether what came since the proof before is what this one speaks of. */
  #proof(proof: ExportProof): NamedFault[] {
    const found: NamedFault[] = []
    for (const told of proof.organizations) {
      const part =
        this.#parts.get(told.organizationId) ??
        this.#newPart(
          told.organization,
          told.organizationId,
          new ChainChecker(told.organizationId, { whole: true }),
          false,
        )
      this.#parts.set(told.organizationId, part)
      const faults = this.#told(told, part, proof)
      part.faults += faults.length
      part.headSeq = told.head.seq
      found.push(...faults)
    }
    if (found.length === 0 && this.#since.faults === 0) {
      if (this.#since.events !== proof.events) {
        const detail = `the proof speaks of ${proof.events} events, and here are ${this.#since.events}`
        found.push(this.#ofSection('missing', detail))
      } else if (this.#digest.value() !== proof.digest) {
        found.push(
          this.#ofSection(
            'altered',
            'these are not the events, or not in the order, that the proof speaks of',
          ),
        )
      }
    }
    this.#section += 1
    this.#digest = exportDigest()
    this.#since = { events: 0, faults: 0 }
    for (const part of this.#parts.values()) part.since = { events: 0, firstSeq: null }
    return found
  }

  #told(told: ExportedPart, part: Part, proof: ExportProof): NamedFault[] {
    const found: NamedFault[] = []
    const { firstSeq, lastSeq, head } = told
    const seen =
      part.since.events > 0 ? { first: part.since.firstSeq ?? 0, last: part.checker.lastSeq ?? 0 } : null
    if (told.organization !== part.organization) {
      const detail = `the proof calls the organization ${told.organization}, its events ${part.organization}`
      found.push(this.#fault(part, 'altered', firstSeq ?? 0, lastSeq ?? 0, detail))
    }
    if (firstSeq !== null && seen !== null && seen.first > firstSeq) {
      const detail = `the proof says that the export begins with event ${firstSeq}`
      found.push(this.#fault(part, 'missing', firstSeq, seen.first - 1, detail))
    }
    if (lastSeq !== null && lastSeq > (seen?.last ?? 0)) {
      const detail = `the proof says that the export ends with event ${lastSeq}`
      found.push(this.#fault(part, 'truncated', (seen?.last ?? (firstSeq ?? 1) - 1) + 1, lastSeq, detail))
    }
    if (seen !== null && seen.last > (lastSeq ?? 0)) {
      const detail = `the proof says that the export ends with event ${lastSeq ?? 0}`
      found.push(this.#fault(part, 'head', (lastSeq ?? 0) + 1, seen.last, detail))
    }
    // A proof may be edited with the rest: what was on the record before the export was made has to be behind its head.
    const known = part.anchors.find(({ seq, at }) => seq > (head.seq ?? 0) && isBefore(at, proof.exportedAt))
    if (found.length === 0 && known !== undefined) {
      const detail = `the proof says that the record ended at ${head.seq ?? 0}, and ${known.source} knew event ${known.seq} before`
      found.push(this.#fault(part, 'truncated', (head.seq ?? 0) + 1, known.seq, detail))
    }
    const { since, until, ...others } = proof.filter
    const toTheEnd = until === undefined && proof.limit === null && Object.keys(others).length === 0
    const nothing = seen === null && (since !== undefined || proof.after !== null)
    if (
      found.length === 0 &&
      ((toTheEnd && !nothing) || (!part.holes && lastSeq !== null && lastSeq === head.seq))
    ) {
      found.push(...part.checker.end(head).map((fault) => ({ organization: part.organization, ...fault })))
    }
    return found
  }

  /** Anchors that speak of events which are not here prove nothing of those that are. */
  #unanchored(part: Part): NamedFault[] {
    const { anchors, anchored, checker } = part
    if (anchors.length === 0 || anchored.anchoredSeq !== null || part.faults > 0) return []
    part.faults += 1
    return anchors.slice(0, 1).map(({ seq, source, hash }) => ({
      ...this.#fault(
        part,
        'unanchored',
        seq,
        seq,
        `${source} speaks of event ${seq}, and the export has events ${part.firstSeq ?? 0} to ${checker.lastSeq ?? 0}`,
      ),
      expected: hash,
    }))
  }

  #damage(what: string, line: number): NamedFault {
    const seq = (this.#last?.checker.lastSeq ?? 0) + 1
    if (this.#last) this.#last.faults += 1
    return this.#name(this.#last, 'damaged', seq, seq, `line ${line}: ${what}`)
  }

  #ofSection(kind: FaultKind, detail: string): NamedFault {
    const part = this.#last
    const [first, last] = [part?.since.firstSeq ?? 0, part?.checker.lastSeq ?? 0]
    if (part) part.faults += 1
    return this.#name(part, kind, first, last, detail)
  }

  #name(part: Part | null, kind: FaultKind, seq: number, lastSeq: number, detail: string): NamedFault {
    return this.#fault(part ?? { organization: '', organizationId: '' }, kind, seq, lastSeq, detail)
  }

  #fault(
    { organization, organizationId }: Pick<Part, 'organization' | 'organizationId'>,
    fault: FaultKind,
    seq: number,
    lastSeq: number,
    detail: string,
  ): NamedFault & Fault {
    return { organization, organizationId, seq, lastSeq, fault, detail, expected: null, actual: null }
  }
}

const isBefore = (known: string | null, exportedAt: string): boolean =>
  known !== null && Date.parse(known) < Date.parse(exportedAt)

const none: readonly NamedFault[] = []
