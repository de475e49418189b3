import { type ChainEvent, type Fault, noHash } from './chain.ts'

/** What is known of a chain from outside: the hash that its event at a position had at some time. */
export interface Anchor {
  readonly organization: string
  /** null where only the slug is known. */
  readonly organizationId: string | null
  readonly seq: number
  /** In hex. */
  readonly hash: string
  /** When it was known, by the database's clock; null where that is not said. */
  readonly at: string | null
  /** For people: `the checkpoint of 2026-03-01T12:00:00Z in F`. */
  readonly source: string
}

const noFaults: readonly Fault[] = []

/** Holds one chain against what is known of it: whoever rewrote every link of a tail could not rewrite this. */
export class AnchorChecker {
  /** The last position up to which the chain is as it was known to be. */
  anchoredSeq: number | null = null
  readonly #organizationId: string
  readonly #known = new Map<number, Anchor[]>()
  readonly #seen = new Set<number>()

  constructor(organizationId: string, anchors: readonly Anchor[]) {
    this.#organizationId = organizationId
    for (const anchor of anchors) {
      if (anchor.seq > 0) this.#known.set(anchor.seq, [...(this.#known.get(anchor.seq) ?? []), anchor])
      // Of an empty chain nothing was known but that it was empty.
      else if (anchor.hash === noHash) this.anchoredSeq ??= 0
      else this.#known.set(0, [anchor])
    }
  }

  /** Whether this event is the one that was known; asked anew of each that has its number. */
  next({ seq, hash }: ChainEvent): readonly Fault[] {
    const known = this.#known.get(seq)
    if (known === undefined) return noFaults
    this.#seen.add(seq)
    if (known.every((anchor) => anchor.hash === hash)) {
      this.anchoredSeq = seq
      return noFaults
    }
    return known
      .filter((anchor) => anchor.hash !== hash)
      .map((anchor) => {
        const detail = `${anchor.source} knows another event ${seq}: rewritten, or restored from an older backup and written on`
        return this.#fault('rewritten', seq, seq, detail, anchor.hash, hash)
      })
  }

  /** What was known and was not seen, once the chain is read up to `lastSeq`. */
  end(lastSeq: number): readonly Fault[] {
    const unseen = [...this.#known.values()].flat().filter(({ seq }) => !this.#seen.has(seq))
    return unseen.map(({ seq, hash, source }) => {
      if (seq === 0) return this.#fault('rewritten', 0, 0, `${source} is of no chain`, hash, noHash)
      if (seq <= lastSeq)
        return this.#fault('missing', seq, seq, `${source} knows it, and it is not there`, hash)
      const detail = `the chain ends at ${lastSeq}, and ${source} knows event ${seq}: its tail was deleted, or an older backup restored`
      return this.#fault('truncated', lastSeq + 1, seq, detail, hash)
    })
  }

  #fault(
    fault: Fault['fault'],
    seq: number,
    lastSeq: number,
    detail: string,
    expected: string | null,
    actual: string | null = null,
  ): Fault {
    return { organizationId: this.#organizationId, seq, lastSeq, fault, detail, expected, actual }
  }
}
