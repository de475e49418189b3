import { setTimeout as sleep } from 'node:timers/promises'
import { MeanderError } from '../../errors.ts'
import { blocklistStatus } from '../../postgres/blocklist.ts'
import type { Database } from '../../postgres/database.ts'
import type { BlocklistStore } from '../../redis/blocklist-store.ts'
import type { Stores } from '../stores.ts'
import { Mender } from './mending.ts'
import { publishPending } from './publishing.ts'

/** What a publisher that goes on and on has done, or why it cannot. */
export interface FollowEvent {
  readonly event: 'following' | 'published' | 'restored' | 'trouble' | 'recovered'
  /** Tokens of this event. */
  readonly tokens: number
  /** What Redis still does not know. */
  readonly pending: number
  readonly message: string | null
}

/** Every act that blocks a token sends this, without a payload. */
const channel = 'meander_blocklist'
/** How long nothing may be heard before it looks by itself, and asks anew where the masters of Redis are. */
const everyMs = 5_000
/** Between two attempts while something is away; doubled each time, up to the last. */
const pausesMs = { first: 250, last: 5_000 } as const
/** Every login of the server may ring; after a pass that found nothing to do the next one is not before this. */
const breathMs = 100
/** How long PostgreSQL may take to take a login, or to say how many are pending. */
const patienceMs = 10_000
/** How long the batch under way may take once somebody has asked to stop. */
const lastMomentMs = 2_500

/** Publishes for as long as nobody stops it, through every absence of PostgreSQL and Redis; several may run at once. */
export class Follower {
  readonly #stores: Stores
  readonly #mender: Mender
  readonly #bell = new Bell()
  #db: Database | null = null

  constructor(stores: Stores) {
    this.#stores = stores
    this.#mender = new Mender()
  }

  /**
   * Ends when `signal` is aborted, after the batch that is under way.
   * @throws MeanderError UNAUTHENTICATED or REFUSED when the login has lost its right; FAILED when the platform does
   *   not read Redis any more.
   */
  async *follow(signal: AbortSignal): AsyncGenerator<FollowEvent> {
    let lastMoment: NodeJS.Timeout | undefined
    const stop = () => {
      this.#bell.ring()
      // A PostgreSQL that hangs would keep the batch, and us, for ever; what it has not committed is rolled back.
      lastMoment = setTimeout(() => void this.#disconnect(), lastMomentMs)
    }
    signal.addEventListener('abort', stop)
    let trouble: string | null = null
    let pauseMs: number = pausesMs.first
    let first = true
    let inVainAt = Number.NEGATIVE_INFINITY
    try {
      while (!signal.aborted) {
        const breath = inVainAt + breathMs - performance.now()
        if (breath > 0) await sleep(breath, undefined, { signal }).catch(() => {})
        let failure: string | null = null
        const events: FollowEvent[] = []
        try {
          failure = await this.#pass(signal, events)
        } catch (error) {
          if (isFinal(error)) throw error
          failure = error instanceof Error ? error.message : String(error)
          await this.#disconnect()
        }
        if (events.length === 0) inVainAt = performance.now()
        if (first && failure === null) yield said('following')
        first &&= failure !== null
        yield* events
        if (signal.aborted) return
        if (failure !== null) {
          if (failure !== trouble) yield { ...said('trouble'), message: failure }
          trouble = failure
          // Spread a little, so that several do not come back at the same moment.
          const pause = pauseMs * (0.75 + Math.random() / 2)
          pauseMs = Math.min(pauseMs * 2, pausesMs.last)
          // While somebody is away nothing that is heard helps; a token that Redis refuses must not hold up others.
          if (this.#db === null) await sleep(pause, undefined, { signal }).catch(() => {})
          else await this.#bell.heardWithin(pause)
          continue
        }
        if (trouble !== null && !first) yield { ...said('recovered'), message: trouble }
        trouble = null
        pauseMs = pausesMs.first
        // What is heard while a pass runs makes the next one begin at once.
        if (!(await this.#bell.heardWithin(everyMs))) await (await this.#store()).close()
      }
    } finally {
      clearTimeout(lastMoment)
      signal.removeEventListener('abort', stop)
      await this.#disconnect()
    }
  }

  /** Once through. Returns why Redis could not be told everything. */
  async #pass(signal: AbortSignal, events: FollowEvent[]): Promise<string | null> {
    this.#db ??= await this.#connect()
    const db = this.#db
    const { mode, pending, ...known } = await inTime(blocklistStatus(db), 'PostgreSQL does not answer')
    if (mode === 'database') throw notRead()
    const store = await this.#store()
    const sent = pending > 0 ? await publishPending(db, store, { signal }) : { published: 0, failed: [] }
    const note = async (event: 'published' | 'restored', tokens: number) => {
      if (tokens === 0) return
      const { pending: left } = await blocklistStatus(db)
      events.push({ event, tokens, pending: left, message: null })
    }
    await note('published', sent.published)
    const [refused] = sent.failed
    if (refused) return refused.message
    try {
      // Asked even when nothing is pending: it is how an absence is noticed before it matters.
      const look = await store.look()
      if (signal.aborted) return null
      const filled = await this.#mender.mend(db, store, look, { known, signal })
      await note('restored', filled?.restored ?? 0)
      return filled?.failed[0]?.message ?? null
    } catch (error) {
      // Where it was PostgreSQL, the next pass finds that out.
      if (isFinal(error)) throw error
      return error instanceof Error ? error.message : String(error)
    }
  }

  async #connect(): Promise<Database> {
    const connecting = this.#stores.connect()
    const db = await inTime(connecting, 'PostgreSQL does not take the login').catch((error: unknown) => {
      connecting.then((late) => late.close()).catch(() => {})
      throw error
    })
    await db.listen(channel, () => this.#bell.ring())
    return db
  }

  async #disconnect(): Promise<void> {
    const db = this.#db
    this.#db = null
    await db?.close().catch(() => {})
  }

  async #store(): Promise<BlocklistStore> {
    const store = await this.#stores.blocklist()
    if (!store) throw new Error('a follower has a Redis')
    return store
  }
}

const said = (event: FollowEvent['event']): FollowEvent => ({ event, tokens: 0, pending: 0, message: null })

const notRead = () =>
  new MeanderError('USAGE', 'The platform reads the database itself: there is no Redis to be told.', {
    hint: 'An administrator records another answer: meanderctl db migrate --blocklist redis',
  })

/** No patience mends these. */
const isFinal = (error: unknown): boolean =>
  error instanceof MeanderError && ['UNAUTHENTICATED', 'REFUSED', 'USAGE'].includes(error.code)

const inTime = async <T>(work: Promise<T>, otherwise: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${otherwise} within ${patienceMs / 1000} s`)), patienceMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Rung by anybody at any time; whoever waits, or comes to wait, hears it once. */
class Bell {
  #rung = false
  #wake: (() => void) | null = null

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Whether it was rung by then. */
  async heardWithin(milliseconds: number): Promise<boolean> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#wake = null
    const heard = this.#rung
    this.#rung = false
    return heard
  }
}
