import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, QueryResult } from 'pg'
import type { ServerSettings } from '../config/database-settings.ts'
import { MeanderError } from '../errors.ts'
import { sendCancel } from './cancel.ts'
import { CopyOut, inline } from './copy-out.ts'
import type { Database, Queryable, Row, TransactionOptions } from './database.ts'
import { asFailure, isLost, isRetryable, type LockHolder } from './failures.ts'
import { watchHolders } from './lock-holders.ts'
import { type Reached, type ReachOptions, reacher } from './reach.ts'

const attempts = 5

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
  let cancelled = false
  let turn: Promise<unknown> = Promise.resolve()

  const named = (error: unknown, holders: readonly LockHolder[] = []): unknown => {
    const { label } = current
    return asFailure(error, { label, user: settings.user, timeoutMs: options.timeoutMs, cancelled, holders })
  }

  /** One after the other, on the one connection. */
  const send = (text: string, values: readonly unknown[] = []): Promise<QueryResult> => {
    const { client } = current
    const ask = () => (values.length === 0 ? client.query(text) : client.query(text, [...values]))
    const result = turn.then(() => (options.silenceMs ? answered(client, options.silenceMs, ask) : ask()))
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
    rollback: TransactionOptions['rollback'],
  ) => {
    let retry = false
    const remember = (error: unknown, holders?: readonly LockHolder[]) => {
      retry ||= isRetryable(error)
      return named(error, holders)
    }
    let xid: string
    try {
      // The number is asked for here, in the same message: after a COMMIT without an answer it is too late.
      const begun = await send(
        'begin isolation level read committed; select pg_current_xact_id()::text as xid',
      )
      xid = String(begun.rows[0]?.xid)
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
        await send('rollback')
      } else {
        await commit(xid).catch((error) => {
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

  const commit = async (xid: string): Promise<void> => {
    let ended: QueryResult
    try {
      ended = await send('commit')
    } catch (error) {
      if (!isLost(error)) throw error
      return lookUp(xid, error)
    }
    if (ended.command !== 'COMMIT') {
      throw new MeanderError('FAILED', 'A statement had failed, so the transaction was rolled back')
    }
  }

  /** The answer to COMMIT was lost: a new connection asks what became of it. */
  const lookUp = async (xid: string, cause: unknown): Promise<void> => {
    const lost = current
    let outcome: string | null = null
    try {
      current = await reach()
      outcome = await outcomeOf(current, xid, lost.pid)
    } catch {
      // Not learned; said below.
    }
    if (outcome === 'committed') return
    const message = `The connection to ${lost.label} was lost at the commit`
    if (outcome === 'aborted') {
      throw new MeanderError('FAILED', `${message}, and the server rolled back: nothing was changed`, {
        hint: 'Run the same command again',
        cause,
      })
    }
    throw new MeanderError('UNKNOWN', `${message}, and whether it was done could not be learned`, {
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
    transaction: async (work, { rollback } = {}) => {
      for (let attempt = 1; ; attempt++) {
        const done = await once(work, rollback)
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

/**
 * A way that swallows everything is broken on this side too, so that nobody waits until the system gives up, minutes
 * later. What was on its way is then lost like any other, a COMMIT included.
 */
const answered = async <T>(client: Client, silenceMs: number, ask: () => Promise<T>): Promise<T> => {
  const timer = setTimeout(() => {
    const error = new Error(`the server has said nothing for ${silenceMs / 1000} s`)
    client.connection.stream.destroy(Object.assign(error, { code: 'ETIMEDOUT' }))
  }, silenceMs)
  try {
    return await ask()
  } finally {
    clearTimeout(timer)
  }
}

/**
 * What became of a transaction. While its old session still waits for a COMMIT that never arrived, it would
 * stay open: ending that session, which is ours, decides it.
 */
const outcomeOf = async ({ client }: Reached, xid: string, pid: number): Promise<string | null> => {
  for (let tries = 0; tries < 20; tries++) {
    const { rows } = await client.query('select pg_xact_status($1::xid8) as status', [xid])
    if (rows[0]?.status !== 'in progress') return rows[0]?.status ?? null
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_xid = $2::xid8::xid',
      [pid, xid],
    )
    await sleep(100)
  }
  return null
}
