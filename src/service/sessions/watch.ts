import { setTimeout as sleep } from 'node:timers/promises'
import { MeanderError } from '../../errors.ts'
import type { Database } from '../../postgres/database.ts'
import type { Scope, SessionSelector } from '../../postgres/sessions.ts'
import { type ChangePage, listSessionChanges, type SessionChange } from '../../postgres/watch.ts'
import { microseconds } from '../cursor.ts'
import { onRecord, type Purpose } from '../on-record.ts'
import type { Stores } from '../stores.ts'
import { Watermark } from './watermark.ts'

export type { SessionChange }

export interface WatchQuery {
  readonly selector: SessionSelector
  readonly scope: Scope
  readonly intervalMs: number
}

/** What a watch has to tell: events, oldest first, or how it stands with watching itself. */
export type WatchNews =
  | { readonly kind: 'watching'; readonly organizations: readonly string[]; readonly at: string }
  | { readonly kind: 'events'; readonly events: readonly SessionChange[]; readonly at: string }
  | { readonly kind: 'lost' | 'back'; readonly message: string }
  | { readonly kind: 'withdrawn'; readonly message: string }
  | { readonly kind: 'held'; readonly message: string }

/** Events in one call of the database. */
const pageSize = 5000
/** How long one look may take, before the connection counts as lost: behind a dead router nothing ever answers. */
const patienceMs = 30_000
/** Between two attempts to reach the server again; doubled each time, up to the last. */
const pausesMs = { first: 500, last: 10_000 } as const

/** Sees what becomes of sessions, for as long as nobody stops it, through every absence of the database. */
export class Watch {
  readonly #stores: Stores
  #db: Database | null = null

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /**
   * From now on, every event of the selected sessions once; each round yields its events, even if there are none.
   * Flat in memory: it remembers the keys of the events since its watermark, and nothing else.
   * @throws MeanderError what ends it: `signal`'s reason, a right that was withdrawn (REFUSED, UNAUTHENTICATED), or
   *   what the first look came to.
   */
  async *news(query: WatchQuery, purpose: Purpose, signal: AbortSignal): AsyncGenerator<WatchNews, never> {
    const mark = new Watermark()
    let watched: readonly string[] | null = null
    let trouble = false
    let pauseMs: number = pausesMs.first
    for (;;) {
      try {
        for await (const { page, events, first } of this.#round(query, purpose, mark, signal)) {
          if (trouble) yield { kind: 'back', message: 'Connected again: nothing is missed.' }
          trouble = false
          pauseMs = pausesMs.first
          if (first) {
            const ended = endedOf(watched, page.organizations)
            if (page.organizations.length === 0) throw nothingLeft(watched)
            if (ended) yield { kind: 'withdrawn', message: ended }
            if (watched === null) yield { kind: 'watching', organizations: page.organizations, at: page.at }
            watched = page.organizations
          }
          yield { kind: 'events', events, at: page.at }
        }
        const held = mark.held()
        if (held !== null) yield { kind: 'held', message: held }
      } catch (error) {
        signal.throwIfAborted()
        if (watched !== null && hasCode(error, 'NOT_FOUND')) throw nothingLeft(watched)
        if (watched === null || !isAway(error)) throw error
        if (!trouble) yield { kind: 'lost', message: error.message }
        trouble = true
        // Not waited for: over a dead line nobody says goodbye.
        this.#db?.close().catch(() => {})
        this.#db = null
      }
      await pause(trouble ? pauseMs : query.intervalMs, signal)
      if (!trouble) continue
      pauseMs = Math.min(pauseMs * 2, pausesMs.last)
      try {
        this.#db = await inTime(this.#stores.connect(), signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!isAway(error)) throw error
      }
    }
  }

  /** Closes the connection that replaced a lost one; the first one is not its own. */
  async close(): Promise<void> {
    await this.#db?.close().catch(() => {})
  }

  /** One look at everything since the watermark, page by page; what was seen before is left out. */
  async *#round(
    { selector, scope }: WatchQuery,
    purpose: Purpose,
    mark: Watermark,
    signal: AbortSignal,
  ): AsyncGenerator<{ page: ChangePage; events: SessionChange[]; first: boolean }> {
    const db = this.#db ?? (await this.#stores.database())
    const call = {
      function: 'list_session_changes',
      arguments: selector,
      organizations:
        scope === 'own' ? [] : selector.organization === undefined ? null : [selector.organization],
    }
    const fetch = (asked: Omit<Parameters<typeof listSessionChanges>[2], 'selector' | 'limit'>) =>
      inTime(
        onRecord(db, call, purpose, () =>
          listSessionChanges(db, scope, { ...asked, selector, limit: pageSize }),
        ),
        signal,
      )
    const opening = await fetch({ since: mark.since, running: mark.running, after: null })
    let page = opening
    for (;;) {
      const fresh = page.events.filter(({ key, at }) => mark.isNew(key, microseconds(at)))
      // What was there before the watch began is known, and no news.
      yield { page, events: mark.since === null ? [] : fresh, first: page === opening }
      const last = page.events.at(-1)
      if (last && page.events.length === pageSize) {
        const after = { at: microseconds(last.at), key: last.key }
        page = await fetch({ since: microseconds(page.from), running: {}, after })
      } else if (page.until < opening.at) {
        page = await fetch({ since: microseconds(page.until), running: {}, after: null })
      } else break
    }
    mark.advance(microseconds(opening.at), opening.running)
  }
}

/** What was watched and is not any more, in words. */
const endedOf = (before: readonly string[] | null, now: readonly string[]): string | null => {
  const gone = (before ?? []).filter((slug) => !now.includes(slug))
  return gone.length === 0 ? null : `The support access to ${gone.join(', ')} has ended.`
}

const nothingLeft = (watched: readonly string[] | null): MeanderError =>
  watched === null
    ? new MeanderError('REFUSED', 'No organization lets this login in now, so there is nothing to watch.', {
        hint: 'See what is within reach: meanderctl whoami',
      })
    : new MeanderError('REFUSED', `${endedOf(watched, [])} Nothing is left to watch.`)

const hasCode = (error: unknown, code: MeanderError['code']): boolean =>
  error instanceof MeanderError && error.code === code

/** The server is not there, or does not answer: time mends that. What it says with a SQLSTATE, time does not. */
const isAway = (error: unknown): error is MeanderError =>
  error instanceof MeanderError && error.code === 'FAILED' && error.sqlState === undefined

const pause = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  try {
    await sleep(milliseconds, undefined, { signal })
  } catch {
    signal.throwIfAborted()
  }
}

/** The result, unless it takes too long or the command is to end. */
const inTime = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  let give: (reason: unknown) => void = () => {}
  const stopped = new Promise<never>((_, reject) => {
    give = reject
  })
  const late = setTimeout(
    () => give(new MeanderError('FAILED', `The database did not answer within ${patienceMs / 1000} s`)),
    patienceMs,
  )
  const abort = () => give(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  work.catch(() => {})
  try {
    return await Promise.race([work, stopped])
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', abort)
  }
}
