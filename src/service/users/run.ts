import { MeanderError } from '../../errors.ts'
import type { Request } from '../../postgres/requests.ts'
import type { Blocklist, BlocklistOutcome } from '../blocklist/blocklist.ts'
import { asFailure } from '../committed.ts'
import type { Purpose } from '../on-record.ts'
import { Aftermath, alreadyOutcomes, doneOutcomes, type Ending } from './aftermath.ts'
import type { CheckedRows, UserRow, UserRows } from './rows.ts'
import { stopsAll, type UserAct, type UserEnding, type Users, type UserTarget } from './users.ts'

/** What became of one row, as reports and results show it. */
export interface RowOutcome {
  readonly row: number
  readonly email: string
  readonly userId: string
  readonly reason: string
  readonly ticket: string
  readonly outcome: Ending['outcome']
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
  /** The plan that this carries out: on the record it is the request id. */
  readonly plan?: string
  /** Users in one transaction. */
  readonly batchSize: number
  readonly signal: AbortSignal
  readonly onProgress: (done: number) => void
}

/** What a finished, or stopped, run came to. */
export interface RunResult extends BlocklistOutcome {
  readonly summary: RunSummary
  readonly activeAfter: Aftermath['activeAfter']
  /** Why the run stopped, or could not look back at what it did; null when it went through. */
  readonly stopped: MeanderError | null
}

/** What is stored under a request id. */
export interface RememberedRun {
  readonly summary: RunSummary
  readonly items: readonly RowOutcome[]
  readonly sessions: readonly string[]
}

/** Rows that a request id keeps; longer lists are resumed from state alone. */
export const rememberedRows = 10_000

/** An act on a checked list of users, transaction by transaction; every row comes out once, in order. */
export class UserRun {
  readonly #users: Users
  readonly #options: RunOptions
  readonly #aftermath: Aftermath
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
  readonly #remembered: { items: RowOutcome[]; sessions: string[] } = { items: [], sessions: [] }
  #stopped: MeanderError | null = null

  constructor(users: Users, blocklist: Blocklist, options: RunOptions) {
    this.#users = users
    this.#options = options
    this.#aftermath = new Aftermath(users, blocklist, options)
  }

  /** Does the act, and yields what became of each row once its transaction is committed. */
  async *outcomes(source: UserRows, checked: CheckedRows): AsyncGenerator<RowOutcome, void> {
    await this.#aftermath.begin()
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
      const result = { summary: this.#summary, ...this.#remembered } satisfies RememberedRun
      await this.#users.remember(request, result).catch((error) => this.#stop(error))
    }
    const { outcome, failure } = await this.#aftermath.settle(this.#stopped !== null, this.#summary)
    if (failure) this.#stop(failure)
    const { activeAfter } = this.#aftermath
    return { summary: this.#summary, activeAfter, stopped: this.#stopped, ...outcome }
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
    const fail = (some: readonly UserTarget[], outcome: 'refused' | 'failed', message: string): false => {
      for (const { userId } of some) endings.set(userId, { userId, outcome, message })
      return false
    }
    const attempt = async (some: readonly UserTarget[]): Promise<boolean> => {
      if (this.#options.signal.aborted) this.#stop(new MeanderError('INTERRUPTED', 'Interrupted.'))
      if (this.#stopped) return fail(some, 'failed', `not begun: ${this.#stopped.message}`)
      try {
        for (const ending of await this.#act(some)) endings.set(ending.userId, ending)
        return true
      } catch (error) {
        if (stopsAll(error)) this.#stop(error)
        const { code, message } = asFailure(error)
        return fail(some, code === 'REFUSED' ? 'refused' : 'failed', message)
      }
    }
    // One user that cannot be ended must not keep the others of the transaction.
    if (!(await attempt(targets)) && !this.#stopped && targets.length > 1) {
      for (const target of targets) await attempt([target])
    }
    const { act, dryRun, request } = this.#options
    if (dryRun || act === 'reinstate') return endings
    if (request) for (const { sessions = [] } of endings.values()) this.#remembered.sessions.push(...sessions)
    const failure = await this.#aftermath.after(endings, this.#stopped !== null)
    if (failure) this.#stop(failure)
    return endings
  }

  #stop(error: unknown): void {
    this.#stopped ??= asFailure(error)
  }

  #act(targets: readonly UserTarget[]): Promise<UserEnding[]> {
    const { act, purpose, dryRun, request, plan } = this.#options
    return this.#users.act({ act, targets, purpose, dryRun, requestId: plan ?? request?.id ?? null })
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
