import { MeanderError } from '../errors.ts'
import type { Request } from '../postgres/requests.ts'
import type { Blocklist, BlocklistOutcome } from './blocklist.ts'
import type { Purpose } from './on-record.ts'
import type { CheckedRows, UserRow, UserRows } from './user-rows.ts'
import { stopsAll, type UserAct, type UserEnding, type Users, type UserTarget } from './users.ts'

/** What became of one row, as reports and results show it. */
export interface RowOutcome {
  readonly row: number
  readonly email: string
  readonly userId: string
  readonly reason: string
  readonly ticket: string
  readonly outcome: UserEnding['outcome'] | 'invalid' | 'failed'
  readonly sessionsRevoked: number
  readonly message: string
}

export interface RunSummary {
  rows: number
  done: number
  already: number
  notFound: number
  invalid: number
  refused: number
  failed: number
  sessionsRevoked: number
  accessTokensBlocked: number
  grantsRevoked: number
}

export interface RunOptions {
  readonly act: UserAct
  readonly purpose: Purpose
  readonly dryRun: boolean
  readonly request: Request | null
  /** Users in one transaction. */
  readonly batchSize: number
  readonly signal: AbortSignal
  readonly onProgress: (done: number) => void
}

/** What a finished, or stopped, run came to. */
export interface RunResult extends BlocklistOutcome {
  readonly summary: RunSummary
  /** Sessions that users have again, or still: after a sign-out they may log in. */
  readonly activeAfter: readonly {
    readonly email: string
    readonly sessionId: string
    readonly endsAt: string
  }[]
  /** Why the run stopped, or could not look back at what it did; null when it went through. */
  readonly stopped: MeanderError | null
}

/** A user's ending, or why there is none. */
type Ending = Omit<UserEnding, 'outcome'> & { readonly outcome: RowOutcome['outcome'] }

const asFailure = (error: unknown): MeanderError =>
  error instanceof MeanderError
    ? error
    : new MeanderError('FAILED', error instanceof Error ? error.message : String(error), { cause: error })

/** What is stored under a request id. */
export interface RememberedRun {
  readonly summary: RunSummary
  readonly items: readonly RowOutcome[]
  readonly sessions: readonly string[]
}

const doneOutcomes = new Set(['offboarded', 'signedOut', 'reinstated'])
const alreadyOutcomes = new Set(['alreadyOffboarded', 'alreadySignedOut', 'alreadyActive'])
/** Rows that a request id keeps; longer lists are resumed from state alone. */
export const rememberedRows = 10_000

/** An act on a checked list of users, transaction by transaction; every row comes out once, in order. */
export class UserRun {
  readonly #users: Users
  readonly #blocklist: Blocklist
  readonly #options: RunOptions
  readonly #summary: RunSummary = {
    rows: 0,
    done: 0,
    already: 0,
    notFound: 0,
    invalid: 0,
    refused: 0,
    failed: 0,
    sessionsRevoked: 0,
    accessTokensBlocked: 0,
    grantsRevoked: 0,
  }
  readonly #activeAfter: { email: string; sessionId: string; endsAt: string }[] = []
  /** Sessions that Redis may not know of yet. */
  readonly #unsettled: string[] = []
  readonly #remembered: { items: RowOutcome[]; sessions: string[] } = { items: [], sessions: [] }
  #mode: BlocklistOutcome['blocklist']['mode'] = 'redis'
  #published = 0
  #cause: string | null = null
  #stopped: MeanderError | null = null

  constructor(users: Users, blocklist: Blocklist, options: RunOptions) {
    this.#users = users
    this.#blocklist = blocklist
    this.#options = options
  }

  /** Does the act, and yields what became of each row once its transaction is committed. */
  async *outcomes(source: UserRows, checked: CheckedRows): AsyncGenerator<RowOutcome, void> {
    this.#mode = await this.#blocklist.mode()
    let rows: UserRow[] = []
    let good = 0
    for await (const row of source.rows()) {
      rows.push(row)
      if (!checked.problemOf(row.row)) good += 1
      if (good < this.#options.batchSize && rows.length < 10 * this.#options.batchSize) continue
      yield* this.#part(rows, checked)
      rows = []
      good = 0
    }
    yield* this.#part(rows, checked)
  }

  /** Tells Redis what is left to tell, and says what the run came to. Call it once, after the last row. */
  async finish(): Promise<RunResult> {
    const { request, dryRun } = this.#options
    // After the last change and not with it: a repeat decides from state, so nothing is done twice without this.
    // Failures do not use the id up: a repeat is to try again.
    if (request && !dryRun && !this.#stopped && this.#summary.failed === 0) {
      await this.#users.remember(request, {
        summary: this.#summary,
        ...this.#remembered,
      } satisfies RememberedRun)
    }
    const blocklist = await this.#settled()
    return { summary: this.#summary, activeAfter: this.#activeAfter, stopped: this.#stopped, ...blocklist }
  }

  async #settled(): Promise<BlocklistOutcome> {
    const of = (published: number, pending: number) => ({ mode: this.#mode, published, pending })
    if (this.#unsettled.length === 0)
      return { blocklist: of(this.#published, 0), residualAccess: [], cause: null }
    try {
      // A run that was stopped waits for nobody: an interrupted one has seconds left.
      const { blocklist, ...rest } = await (this.#stopped
        ? this.#blocklist.carry(this.#unsettled)
        : this.#blocklist.settle(this.#unsettled, this.#options.signal))
      return { ...rest, blocklist: of(this.#published + blocklist.published, blocklist.pending) }
    } catch (error) {
      // Which of them are usable cannot be learned any more, how many at most is known.
      this.#stop(error)
      const pending = this.#summary.accessTokensBlocked - this.#published
      return { blocklist: of(this.#published, pending), residualAccess: [], cause: null }
    }
  }

  async *#part(rows: readonly UserRow[], checked: CheckedRows): AsyncGenerator<RowOutcome, void> {
    const good = rows.filter(({ row }) => !checked.problemOf(row))
    const endings = await this.#endings(good.map((row) => this.#target(row, checked)))
    for (const row of rows) {
      const problem = checked.problemOf(row.row)
      const userId = problem && problem.outcome !== 'refused' ? row.userId : checked.userOf(row.row)
      const ending: Ending = (problem && { userId, ...problem }) ??
        endings.get(userId) ?? { userId, outcome: 'failed', message: 'not begun' }
      const outcome: RowOutcome = {
        row: row.row,
        email: ending.email || row.email,
        userId,
        reason: row.reason ?? this.#options.purpose.reason,
        ticket: row.ticket ?? this.#options.purpose.ticket ?? '',
        outcome: ending.outcome,
        sessionsRevoked: ending.sessionsRevoked ?? 0,
        message: ending.message ?? '',
      }
      this.#count(outcome, ending)
      if (this.#options.request) this.#remembered.items.push(outcome)
      yield outcome
    }
    this.#options.onProgress(this.#summary.rows)
  }

  /** What became of these users, by id: in one transaction, or, when that failed, one by one. */
  async #endings(targets: readonly UserTarget[]): Promise<Map<string, Ending>> {
    const endings = new Map<string, Ending>()
    if (targets.length === 0) return endings
    const attempt = async (some: readonly UserTarget[]): Promise<boolean> => {
      if (this.#options.signal.aborted) this.#stop(new MeanderError('INTERRUPTED', 'Interrupted.'))
      if (this.#stopped) return this.#fail(endings, some, `not begun: ${this.#stopped.message}`)
      try {
        for (const ending of await this.#act(some)) endings.set(ending.userId, ending)
        return true
      } catch (error) {
        if (stopsAll(error)) this.#stop(error)
        return this.#fail(endings, some, asFailure(error).message)
      }
    }
    // One user that cannot be ended must not keep the others of the transaction.
    if (!(await attempt(targets)) && !this.#stopped && targets.length > 1) {
      for (const target of targets) await attempt([target])
    }
    await this.#afterwards(endings)
    return endings
  }

  #stop(error: unknown): void {
    this.#stopped ??= asFailure(error)
  }

  #fail(endings: Map<string, Ending>, targets: readonly UserTarget[], message: string): false {
    for (const { userId } of targets) endings.set(userId, { userId, outcome: 'failed', message })
    return false
  }

  #act(targets: readonly UserTarget[]): Promise<UserEnding[]> {
    const { act, purpose, dryRun, request } = this.#options
    return this.#users.act({ act, targets, purpose, dryRun, requestId: request?.id ?? null })
  }

  /**
   * After each commit: Redis is told, and the tables are read back. What fails here stops the run, for nothing more
   * is to be said done that was not looked at; but what is committed is committed, and its rows say so.
   */
  async #afterwards(endings: Map<string, Ending>): Promise<void> {
    const { act, dryRun } = this.#options
    if (dryRun || act === 'reinstate') return
    const sessions = [...endings.values()].flatMap((ending) => ending.sessions ?? [])
    if (this.#options.request) this.#remembered.sessions.push(...sessions)
    try {
      await this.#carry(sessions)
      if (!this.#stopped) await this.#readBack(endings)
    } catch (error) {
      this.#unsettled.push(...sessions)
      this.#stop(error)
    }
  }

  /** Who has a session all the same: after a sign-out one may log in again, and that is said of the row. */
  async #readBack(endings: Map<string, Ending>): Promise<void> {
    const touched = [...endings.values()].filter(
      ({ outcome }) => doneOutcomes.has(outcome) || alreadyOutcomes.has(outcome),
    )
    if (touched.length === 0) return
    const facts = await this.#users.readBack(
      touched.map(({ userId }) => userId),
      this.#options.purpose,
    )
    for (const { userId, email, activeSessions } of facts) {
      const ending = endings.get(userId)
      if (activeSessions.length === 0 || !ending) continue
      const named = activeSessions.map(({ id, endsAt }) => `${id} until ${endsAt}`).join(', ')
      endings.set(userId, { ...ending, message: `active again: session ${named}` })
      for (const { id, endsAt } of activeSessions) this.#activeAfter.push({ email, sessionId: id, endsAt })
    }
  }

  /** Once Redis has failed, or the run has stopped, the rest does not wait for it: the end tries once more. */
  async #carry(sessions: readonly string[]): Promise<void> {
    if (sessions.length === 0) return
    if (this.#cause !== null || this.#stopped) {
      this.#unsettled.push(...sessions)
      return
    }
    const outcome = await this.#blocklist.carry(sessions)
    this.#published += outcome.blocklist.published
    this.#cause = outcome.cause
    this.#unsettled.push(...new Set(outcome.residualAccess.map(({ sessionId }) => sessionId)))
  }

  #target(row: UserRow, checked: CheckedRows): UserTarget {
    const { reason, ticket } = this.#options.purpose
    return { userId: checked.userOf(row.row), reason: row.reason ?? reason, ticket: row.ticket ?? ticket }
  }

  #count(outcome: RowOutcome, ending: Partial<Ending>): void {
    const summary = this.#summary
    summary.rows += 1
    if (doneOutcomes.has(outcome.outcome)) summary.done += 1
    else if (alreadyOutcomes.has(outcome.outcome)) summary.already += 1
    else summary[outcome.outcome as 'notFound' | 'invalid' | 'refused' | 'failed'] += 1
    summary.sessionsRevoked += ending.sessionsRevoked ?? 0
    summary.accessTokensBlocked += ending.accessTokensBlocked ?? 0
    summary.grantsRevoked += ending.grantsRevoked ?? 0
  }
}
