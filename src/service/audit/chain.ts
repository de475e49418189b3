import { hash as digest } from 'node:crypto'
import type { ChainEvent } from '../../postgres/audit-chain.ts'

export type { ChainEvent }

/**
 * What can be wrong with a chain.
 * `altered`: an event is not what its own hash, or the next one's memory of it, says.
 * `missing`: events were taken out: the next one follows one that is not there.
 * `gap`: numbers are left out though the links hold.
 * `outOfOrder`: an event stands where it was not written, or long before the one that precedes it.
 * `duplicate`: several events have one number.
 * `truncated`: the chain ends before its head.
 * `head`: the head is gone, or stands before the last event.
 * `damaged`: a line of an export is no event.
 * And against what is kept outside of the database:
 * `rewritten`: an event is whole, and another one than was known.
 * `foreign`, `unsigned`, `forged`, `unanchored`: a checkpoint of another database or organization, without a
 * signature, or with one that no trusted key made; evidence without a head. They say nothing of the chain.
 */
export type FaultKind =
  | 'altered'
  | 'missing'
  | 'gap'
  | 'outOfOrder'
  | 'duplicate'
  | 'truncated'
  | 'head'
  | 'damaged'
  | 'rewritten'
  | 'foreign'
  | 'unsigned'
  | 'forged'
  | 'unanchored'

export interface Fault {
  readonly organizationId: string
  /** The first event that is at fault, and the last: the same but for a row of missing ones. */
  readonly seq: number
  readonly lastSeq: number
  readonly fault: FaultKind
  /** In words. */
  readonly detail: string
  /** Hashes in hex, where two of them differ. */
  readonly expected: string | null
  readonly actual: string | null
}

/** What stands before the first event of a chain. */
export const noHash = '0'.repeat(64)

const tag = Buffer.from('meander.audit.1')
let scratch = Buffer.alloc(65_536)
tag.copy(scratch)

/** The hash that an event has to have, in hex: the rule of `audit_hash.sql`, computed here. */
export const hashOf = ({ organizationId, seq, at, prevHash, fields }: ChainEvent, asSeq = seq): string => {
  const needed = tag.length + 64 + 16 + 16 + fields.length
  if (needed > scratch.length) {
    scratch = Buffer.alloc(2 * needed)
    tag.copy(scratch)
  }
  let end = tag.length
  end += scratch.write(prevHash, end, 'hex')
  end += scratch.write(organizationId.replaceAll('-', ''), end, 'hex')
  end = writeInteger(asSeq, end)
  end = writeInteger(at, end)
  end += fields.copy(scratch, end)
  return digest('sha256', scratch.subarray(0, end), 'hex')
}

const writeInteger = (value: number, at: number): number => {
  // A number that no column can hold hashes to something, and to nothing that was ever written.
  const high = Math.floor(value / 2 ** 32) | 0
  scratch.writeInt32BE(high, at)
  return scratch.writeUInt32BE(
    Number.isFinite(value) ? value - Math.floor(value / 2 ** 32) * 2 ** 32 : 0,
    at + 4,
  )
}

/** Clocks are set, and a standby's takes over: only what goes back further was not written in this order. */
const clockSkew = 60_000_000

/** How far from its number an event is looked for, and for how many that is worth the time. */
const searchWidth = 500
const searchesAtMost = 1000
const faultyKept = 100

/** What is remembered of a number. */
interface Place {
  readonly seq: number
  /** The next event may follow any of these: of an altered one as stored and as computed, of several all. */
  readonly hashes: readonly string[]
  /** It has been named: a break behind it is the same fault. */
  readonly faulty: boolean
}

/** What a chain begins with. */
const beginning: Place = { seq: 0, hashes: [noHash], faulty: false }

/**
 * Follows one organization's chain, event by event in the order of their numbers, and names what is wrong with it.
 * It keeps no more than the last number, and goes on after every fault.
 */
export class ChainChecker {
  /** Events seen. */
  events = 0
  firstSeq: number | null = null
  readonly #organizationId: string
  readonly #holes: boolean
  #last: Place | null
  #lastAt = Number.NEGATIVE_INFINITY
  #faulty: number[] = []
  #searches = 0

  /**
   * @param whole from the very beginning; else the first event may follow whatever it says it does.
   * @param holes numbers may be left out: of those that a filter did not choose nothing can be said.
   */
  constructor(
    organizationId: string,
    { whole, holes = false }: { readonly whole: boolean; readonly holes?: boolean },
  ) {
    this.#organizationId = organizationId
    this.#holes = holes
    this.#last = whole ? beginning : null
  }

  /** The last number seen; 0 before the first event of a whole chain. */
  get lastSeq(): number | null {
    return this.#last?.seq ?? null
  }

  /** The stored hash of the last event. */
  get lastHash(): string | null {
    return this.#last?.hashes[0] ?? null
  }

  /** What is wrong with this event, or with what should stand before it. */
  next(event: ChainEvent): readonly Fault[] {
    const { seq, prevHash, hash, at } = event
    const computed = hashOf(event)
    const last = this.#last
    this.events += 1
    this.firstSeq ??= seq
    if (
      computed === hash &&
      last !== null &&
      seq === last.seq + 1 &&
      prevHash === last.hashes[0] &&
      at >= this.#lastAt - clockSkew
    ) {
      this.#lastAt = at
      this.#last = { seq, hashes: [hash], faulty: false }
      return noFaults
    }
    return this.#look(event, computed)
  }

  /** Whether the chain ends where its head says, to be asked with the head as it was when the last event was read. */
  end(head: { readonly seq: number | null; readonly hash: string | null }): readonly Fault[] {
    const last = this.#last ?? beginning
    if (head.seq === null) return [this.#fault('head', last.seq, last.seq, 'the head of the chain is gone')]
    if (head.seq > last.seq) {
      const detail = `the chain ends at ${last.seq}, and its head says ${head.seq}`
      return [this.#fault('truncated', last.seq + 1, head.seq, detail)]
    }
    if (head.seq < last.seq) {
      const detail = `the chain goes on to ${last.seq}, and its head says ${head.seq}`
      return [this.#fault('head', head.seq + 1, last.seq, detail)]
    }
    if (last.faulty || last.hashes.includes(head.hash ?? '')) return noFaults
    const [kind, detail] =
      last.seq === 0
        ? (['head', 'the head of an empty chain has a hash'] as const)
        : (['altered', 'the head remembers another hash of it'] as const)
    return [this.#fault(kind, last.seq, last.seq, detail, head.hash, last.hashes[0])]
  }

  #look(event: ChainEvent, computed: string): readonly Fault[] {
    const { seq, prevHash, hash, at } = event
    const intact = computed === hash
    const last = this.#last
    if (!(seq >= 1)) return [this.#fault('outOfOrder', seq, seq, 'numbers begin at 1')]
    if (last && seq < last.seq) {
      return [this.#fault('outOfOrder', seq, seq, `it comes after event ${last.seq}`)]
    }
    if (last && seq === last.seq) {
      this.#last = { seq, hashes: [...last.hashes, hash].slice(0, faultyKept), faulty: true }
      const detail = `another event has this number too${intact ? '' : ', and this one is altered'}`
      return [this.#fault('duplicate', seq, seq, detail)]
    }

    const faults: Fault[] = []
    const linked = last === null || last.hashes.includes(prevHash)
    const jump = last !== null && seq > last.seq + 1
    if (jump && !this.#holes) faults.push(this.#left(last, event, intact && linked))
    if (!intact) faults.push(this.#changed(event, computed))
    else if (!linked && !jump && !last.faulty) faults.push(this.#replaced(last, event))
    if (intact && at < this.#lastAt - clockSkew) {
      const seconds = Math.round((this.#lastAt - at) / 1_000_000)
      faults.push(
        this.#fault('outOfOrder', seq, seq, `its time is ${seconds} s before that of the event before it`),
      )
    }
    if (intact) this.#lastAt = at
    this.#last = { seq, hashes: intact ? [hash] : [hash, computed], faulty: !intact }
    return faults
  }

  /** Numbers that nobody has. */
  #left(last: Place, { seq, prevHash }: ChainEvent, linked: boolean): Fault {
    const [from, to] = [last.seq + 1, seq - 1]
    const numbers = from === to ? `number ${from} is` : `numbers ${from} to ${to} are`
    if (linked) return this.#fault('gap', from, to, `${numbers} left out, though the links hold`)
    return this.#fault('missing', from, to, `${numbers} not there`, prevHash || null, last.hashes[0])
  }

  /** An event that is not what its own hash says: another one in its place, or one that was edited. */
  #changed(event: ChainEvent, computed: string): Fault {
    const { seq, hash } = event
    const own = this.#search(event)
    if (this.#faulty.length < faultyKept) this.#faulty.push(seq)
    return own === null
      ? this.#fault('altered', seq, seq, 'it is not what its hash says', hash || null, computed)
      : this.#fault('outOfOrder', seq, seq, `here stands what was written as event ${own}`, hash, computed)
  }

  /** An event with a hash of its own that fits it, and that the next one does not remember. */
  #replaced(last: Place, { seq, prevHash }: ChainEvent): Fault {
    if (last.seq === 0) {
      const detail = 'it follows an event that is not there'
      return this.#fault('missing', seq, seq, detail, noHash, prevHash || null)
    }
    const detail = `event ${seq} remembers another hash of it`
    return this.#fault('altered', last.seq, last.seq, detail, prevHash || null, last.hashes[0])
  }

  /** The number under which this event is whole, if it is one near by or one that is at fault too. */
  #search(event: ChainEvent): number | null {
    if (this.#searches >= searchesAtMost) return null
    this.#searches += 1
    const fits = (seq: number): boolean => seq >= 1 && seq !== event.seq && hashOf(event, seq) === event.hash
    const known = this.#faulty.find(fits)
    if (known !== undefined) return known
    for (let away = 1; away <= searchWidth; away++) {
      for (const seq of [event.seq - away, event.seq + away]) if (fits(seq)) return seq
    }
    return null
  }

  #fault(
    fault: FaultKind,
    seq: number,
    lastSeq: number,
    detail: string,
    expected: string | null = null,
    actual: string | null = null,
  ): Fault {
    return { organizationId: this.#organizationId, seq, lastSeq, fault, detail, expected, actual }
  }
}

const noFaults: readonly Fault[] = []
