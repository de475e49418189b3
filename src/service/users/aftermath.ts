import type { MeanderError } from '../../errors.ts'
import type { Blocklist, BlocklistOutcome } from '../blocklist/blocklist.ts'
import { asFailure } from '../committed.ts'
import type { Purpose } from '../on-record.ts'
import type { UserEnding, Users } from './users.ts'

/** A user's ending, or why there is none. */
export type Ending = Omit<UserEnding, 'outcome'> & {
  readonly outcome: UserEnding['outcome'] | 'invalid' | 'failed'
}

/** The outcomes of a user on whom the act was done now. */
export const doneOutcomes: ReadonlySet<string> = new Set(['offboarded', 'signedOut', 'reinstated'])
/** The outcomes of a user on whom it had been done before. */
export const alreadyOutcomes: ReadonlySet<string> = new Set([
  'alreadyOffboarded',
  'alreadySignedOut',
  'alreadyActive',
])

/**
 * What follows each commit of an act on users: Redis is told, and the tables are read back. What fails here is
 * handed to the run, which stops: nothing more is to be said done that was not looked at. But what is committed is
 * committed, and its rows say so.
 */
export class Aftermath {
  readonly #users: Users
  readonly #blocklist: Blocklist
  readonly #purpose: Purpose
  readonly #signal: AbortSignal
  readonly #activeAfter: { email: string; sessionId: string; endsAt: string }[] = []
  /** Sessions that Redis may not know of yet. */
  readonly #unsettled: string[] = []
  #mode: BlocklistOutcome['blocklist']['mode'] = 'redis'
  #published = 0
  #cause: string | null = null

  constructor(users: Users, blocklist: Blocklist, run: { purpose: Purpose; signal: AbortSignal }) {
    this.#users = users
    this.#blocklist = blocklist
    this.#purpose = run.purpose
    this.#signal = run.signal
  }

  /** Sessions that users have again, or still: after a sign-out they may log in. */
  get activeAfter(): readonly {
    readonly email: string
    readonly sessionId: string
    readonly endsAt: string
  }[] {
    return this.#activeAfter
  }

  /** Asked before anything is done: a run that was stopped could not ask any more. */
  async begin(): Promise<void> {
    this.#mode = await this.#blocklist.mode()
  }

  /** After one commit; who has a session all the same gets that into the message of the row. */
  async after(endings: Map<string, Ending>, stopped: boolean): Promise<MeanderError | null> {
    const sessions = [...endings.values()].flatMap((ending) => ending.sessions ?? [])
    try {
      if (sessions.length > 0) await this.#carry(sessions, stopped)
      if (stopped) return null
      const known = new Set(sessions)
      const left = (await this.#readBack(endings)).filter((session) => !known.has(session))
      if (left.length > 0) await this.#carry(left, stopped)
      return null
    } catch (error) {
      return asFailure(error)
    }
  }

  /** Tells Redis what is left to tell. */
  async settle(
    stopped: boolean,
    { accessTokensBlocked }: { readonly accessTokensBlocked: number },
  ): Promise<{ outcome: BlocklistOutcome; failure: MeanderError | null }> {
    const of = (published: number, pending: number) => ({ mode: this.#mode, published, pending })
    const nothingLeft = { blocklist: of(this.#published, 0), residualAccess: [], cause: null }
    if (this.#unsettled.length === 0) return { outcome: nothingLeft, failure: null }
    try {
      // A run that was stopped waits for nobody: an interrupted one has seconds left.
      const { blocklist, ...rest } = await (stopped
        ? this.#blocklist.carry(this.#unsettled)
        : this.#blocklist.settle(this.#unsettled, this.#signal))
      const published = this.#published + blocklist.published
      return { outcome: { ...rest, blocklist: of(published, blocklist.pending) }, failure: null }
    } catch (error) {
      // Which of them are usable cannot be learned any more, how many at most is known.
      const blocklist = of(this.#published, accessTokensBlocked - this.#published)
      return { outcome: { ...nothingLeft, blocklist }, failure: asFailure(error) }
    }
  }

  /** Once Redis has failed, or the run has stopped, the rest does not wait for it: the end tries once more. */
  async #carry(sessions: readonly string[], stopped: boolean): Promise<void> {
    const first = this.#unsettled.length
    this.#unsettled.push(...sessions)
    if (this.#cause !== null || stopped) return
    const { blocklist, residualAccess, cause } = await this.#blocklist.carry(sessions)
    this.#cause = cause
    if (residualAccess.length > 0) return
    this.#unsettled.length = first
    this.#published += blocklist.published
  }

  /**
   * Reads the tables again. Returns the sessions whose tokens Redis may not know: of these users, whoever ended
   * them, since an earlier run may have been killed between its commit and Redis.
   */
  async #readBack(endings: Map<string, Ending>): Promise<string[]> {
    const touched = [...endings.values()].filter(
      ({ outcome }) => doneOutcomes.has(outcome) || alreadyOutcomes.has(outcome),
    )
    if (touched.length === 0) return []
    const facts = await this.#users.readBack(
      touched.map(({ userId }) => userId),
      this.#purpose,
    )
    for (const { userId, email, activeSessions } of facts) {
      const ending = endings.get(userId)
      if (activeSessions.length === 0 || !ending) continue
      const named = activeSessions.map(({ id, endsAt }) => `${id} until ${endsAt}`).join(', ')
      endings.set(userId, { ...ending, message: `active again: session ${named}` })
      for (const { id, endsAt } of activeSessions) this.#activeAfter.push({ email, sessionId: id, endsAt })
    }
    if (this.#mode === 'database') return []
    const unpublished = facts.flatMap(({ blocked }) =>
      blocked.filter(({ publishedAt }) => publishedAt === null),
    )
    return [...new Set(unpublished.map(({ sessionId }) => sessionId))]
  }
}
