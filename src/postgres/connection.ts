import { setTimeout as sleep } from 'node:timers/promises'
import type { QueryResult } from 'pg'
import type { ServerSettings } from '../config/database-settings.ts'
import { MeanderError } from '../errors.ts'
import { sendCancel } from './cancel.ts'
import { CopyOut, inline } from './copy-out.ts'
import type { Database, Queryable, Row, TransactionOptions } from './database.ts'
import { answered } from './driver.ts'
import { asFailure, isLost, isRetryable, type LockHolder } from './failures.ts'
import { watchHolders } from './lock-holders.ts'
import { type Outcome, outcomeOf, type TransactionNumber, timelineOf } from './outcome.ts'
import { type ReachOptions, reacher } from './reach.ts'

const attempts = 5
/** How long a server that takes over is looked for after a COMMIT without an answer. */
const takeoverMs = 10_000

/** One connection, over which statements go one after the other. */
export interface Connection extends Database {
  /** False once it is lost or closed. */
  readonly open: boolean
}

/**
 * Logs in to the server that the settings name and looks at it before anything else is sent.
 * @throws MeanderError UNAUTHENTICATED or FAILED: what, why and the fix.
 */
export const connect = async (settings: ServerSettings, options: ReachOptions = {}): Promise<Connection> => {
  const reach = reacher(settings, options)
  let current = await reach()
  /** Of the server that `current` is connected to. */
  let timeline: Promise<string | null> | undefined
  let cancelled = false
  let wake: () => void = () => {}
  const interrupted = new Promise<void>((resolve) => {
    wake = resolve
  })
  let turn: Promise<unknown> = Promise.resolve()

  const named = (error: unknown, holders: readonly LockHolder[] = []): unknown => {
    const { label } = current
    return asFailure(error, { label, user: settings.user, timeoutMs: options.timeoutMs, cancelled, holders })
  }

  /** One after the other, on the one connection. */
  const send = (text: string, values: readonly unknown[] = []): Promise<QueryResult> => {
    const { client } = current
    const ask = () => (values.length === 0 ? client.query(text) : client.query(text, [...values]))
    const result = turn.then(() => answered(client, options.silenceMs, ask))
    turn = result.catch(() => {})
    // Of several statements at once the last one counts.
    return result.then((one: QueryResult | QueryResult[]) =>
      Array.isArray(one) ? (one.at(-1) as QueryResult) : one,
    )
  }

  const query = async <R extends object = Row>(text: string, values?: readonly unknown[]): Promise<R[]> => {
    try {
      return (await send(text, values)).rows as R[]
    } catch (error) {
      throw named(error)
    }
  }

  /** Once through; `retry` says whether another transaction was in the way. */
  const once = async <T>(
    work: (transaction: Queryable) => Promise<T>,
    { rollback, isThere }: TransactionOptions,
  ) => {
    let retry = false
    const remember = (error: unknown, holders?: readonly LockHolder[]) => {
      retry ||= isRetryable(error)
      return named(error, holders)
    }
    let number: TransactionNumber
    try {
      timeline ??= timelineOf(send)
      const line = await timeline
      // The number is asked for here, in the same message: after a COMMIT without an answer it is too late.
      const begun = await send(
        'begin isolation level read committed; select pg_current_xact_id()::text as xid',
      )
      number = { xid: String(begun.rows[0]?.xid), timeline: line, pid: current.pid }
    } catch (error) {
      throw named(error)
    }
    try {
      const result = await work({
        query: async <R extends object>(text: string, values?: readonly unknown[]) => {
          const heldUpBy = watchHolders(current.pid, reach)
          try {
            return (await send(text, values)).rows as R[]
          } catch (error) {
            throw remember(error, heldUpBy())
          } finally {
            heldUpBy()
          }
        },
      })
      if (typeof rollback === 'function' ? rollback(result as never) : rollback) {
        await send('rollback').catch((error) => {
          throw remember(error)
        })
      } else {
        await commit(number, isThere).catch((error) => {
          throw remember(error)
        })
      }
      return { retry: false as const, result }
    } catch (error) {
      // On a broken connection the server rolls back by itself.
      await send('rollback').catch(() => {})
      if (!retry) throw error
      return { retry: true as const, error }
    }
  }

  const commit = async (number: TransactionNumber, isThere: TransactionOptions['isThere']): Promise<void> => {
    const { client, label } = current
    let unconfirmed = false
    const hear = ({ code }: { readonly code: string | undefined }) => {
      unconfirmed ||= code === '01000'
    }
    // The server's own limit does not end the wait for a standby.
    const timer = options.timeoutMs
      ? setTimeout(() => void sendCancel(current, settings), options.timeoutMs)
      : undefined
    client.on('notice', hear)
    let ended: QueryResult
    try {
      ended = await send('commit')
    } catch (error) {
      if (!isLost(error)) throw error
      return lookUp(number, isThere, error)
    } finally {
      clearTimeout(timer)
      client.off('notice', hear)
    }
    if (ended.command !== 'COMMIT') {
      throw new MeanderError('FAILED', 'A statement had failed, so the transaction was rolled back')
    }
    if (unconfirmed) {
      const message = `Committed at ${label}, but no synchronous standby has confirmed it: a failover now would undo it`
      throw new MeanderError('UNKNOWN', message, {
        hint: 'See to the standby, then run the same command again: what was done is not done twice',
      })
    }
  }

  /** The answer to COMMIT was lost: whoever is the primary now is asked what became of it. */
  const lookUp = async (
    number: TransactionNumber,
    isThere: TransactionOptions['isThere'],
    cause: unknown,
  ): Promise<void> => {
    const lost = current
    const ask = async (): Promise<Outcome> => {
      for (const until = performance.now() + takeoverMs; !cancelled; await sleep(200)) {
        let reached: typeof current | undefined
        try {
          reached = await reach('primary')
          if (cancelled) reached.client.end().catch(() => {})
          current = reached
          timeline = undefined
          const outcome = await outcomeOf(reached.client, number)
          if (outcome !== 'doubtful' || !isThere) return outcome
          return (await isThere({ query })) ? 'committed' : 'absent'
        } catch {
          // Left open, it would keep the process alive.
          reached?.client.connection.stream.destroy()
          if (performance.now() > until) break
        }
      }
      return 'not learned'
    }
    const outcome = await Promise.race([ask(), interrupted.then((): Outcome => 'not learned')])
    if (outcome === 'committed') return
    const message = `The connection to ${lost.label} was lost at the commit`
    if (outcome === 'aborted' || outcome === 'absent') {
      const why =
        outcome === 'aborted'
          ? 'and the server rolled back'
          : `and ${current.label}, which has taken over or crashed since, does not have it`
      throw new MeanderError('FAILED', `${message}, ${why}: nothing was changed`, {
        hint: 'Run the same command again',
        cause,
      })
    }
    const why =
      outcome === 'doubtful'
        ? `; ${current.label} has taken over or crashed since, and whether it was done could not be learned`
        : ', and whether it was done could not be learned'
    throw new MeanderError('UNKNOWN', `${message}${why}`, {
      hint: 'Run the same command again: what was done is not done twice',
      cause,
    })
  }

  return {
    embedded: false,
    get open() {
      return !current.ended()
    },
    get label() {
      return current.label
    },
    query,
    copyOut: async (text, values) => {
      const { client } = current
      const bytes = turn.then(() => client.query(new CopyOut(inline(text, values))).bytes)
      turn = bytes.catch(() => {})
      return bytes.catch((error) => {
        throw named(error)
      })
    },
    transaction: async (work, how = {}) => {
      for (let attempt = 1; ; attempt++) {
        const done = await once(work, how)
        if (!done.retry) return done.result
        if (attempt === attempts || cancelled) {
          if (done.error instanceof MeanderError) throw done.error
          const message = `Other transactions were in the way ${attempt} times; nothing was changed`
          throw new MeanderError('FAILED', message, { hint: 'Try again in a moment', cause: done.error })
        }
        await sleep(Math.random() * 25 * 2 ** attempt)
      }
    },
    listen: async (channel, heard) => {
      const { client } = current
      client.on('notification', heard).on('end', heard)
      await query(`listen ${client.escapeIdentifier(channel)}`)
    },
    cancel: async () => {
      cancelled = true
      wake()
      await sendCancel(current, settings)
    },
    tls: async () => current.tls,
    close: async () => {
      const { client } = current
      // A server that hangs, or a network that is gone, never says goodbye.
      await Promise.race([client.end(), sleep(1000, undefined, { ref: false })])
      client.connection.stream.destroy()
    },
  }
}
