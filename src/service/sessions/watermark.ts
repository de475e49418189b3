const second = 1_000_000

/** A row's moment is taken before its transaction writes: a guard may make it wait for another in between. */
const marginMicros = 5 * second
/** How far back the first look goes for what is under way. */
const startMicros = 60 * second
/** What writes for longer is not waited for: what was seen since it began would have to be remembered. */
const longestMicros = 5 * 60 * second

/**
 * From where on the next look has to read so that nothing is missed, though rows are seen in the order of the commits
 * and not of their moments: from the look before, and from the beginning of each transaction that has ended since.
 * And which events since then were seen already. Moments are microseconds since 1970.
 */
export class Watermark {
  readonly #seen = new Map<string, number>()
  /** For each transaction that wrote at the last look, a moment when it had not begun. */
  #begun = new Map<string, number>()
  #lastAt: number | null = null
  #tooLong: 'no' | 'untold' | 'told' = 'no'

  /** Null before the first look. */
  get since(): string | null {
    return this.#lastAt === null ? null : String(this.#lastAt - marginMicros)
  }

  /** From where on to read once one of these has ended. */
  get running(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#begun].map(([xid, at]) => [xid, at - marginMicros]))
  }

  /** Whether this event was not seen before; it is from now on. */
  isNew(key: string, at: string): boolean {
    if (this.#seen.has(key)) return false
    this.#seen.set(key, Number(at))
    return true
  }

  /** After a look that began at `at`, when these transactions were writing. */
  advance(at: string, running: readonly string[]): void {
    const now = Number(at)
    const before = this.#lastAt ?? now - startMicros
    const earliest = now - longestMicros
    const begun = running.map((xid) => [xid, this.#begun.get(xid) ?? before] as const)
    if (begun.every(([, moment]) => moment >= earliest)) this.#tooLong = 'no'
    else if (this.#tooLong === 'no') this.#tooLong = 'untold'
    this.#begun = new Map(begun.map(([xid, moment]) => [xid, Math.max(moment, earliest)]))
    this.#lastAt = now
    const needed = Math.min(now, ...this.#begun.values()) - marginMicros
    for (const [key, moment] of this.#seen) if (moment < needed) this.#seen.delete(key)
  }

  /** Says once that a transaction takes too long to be waited for. */
  held(): string | null {
    if (this.#tooLong !== 'untold') return null
    this.#tooLong = 'told'
    return 'A transaction of the server has been writing for more than 5 minutes: logins that it brings may not show.'
  }
}
