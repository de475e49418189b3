import type { PGlite } from '@electric-sql/pglite'
import { MeanderError } from '../errors.ts'
import { inline } from '../postgres/copy-out.ts'
import type { Database, Queryable, Row } from '../postgres/database.ts'
import { asFailure } from '../postgres/failures.ts'
import { parsers } from '../postgres/types.ts'

/** The embedded database as one login sees it; all of one store share its one connection, and its end. */
export interface EmbeddedDatabase extends Database {
  /**
   * The same store as another login: the very same functions and policies decide as on a server.
   * @throws MeanderError UNAUTHENTICATED for a login that does not exist.
   */
  as(login: string): Promise<EmbeddedDatabase>
}

/** Who made the store; like a server's superuser, it may be anybody. */
const superuser = 'postgres'

/**
 * Starts PostgreSQL in this process, as its superuser. `data` is made if it is not there, and must not be open
 * anywhere else (lock.ts); `afterClose` is done once it is closed.
 */
export const startEngine = async (data: string, afterClose = () => {}): Promise<EmbeddedDatabase> => {
  const engine = await openFolder(data)
  let entered = superuser
  let open = false
  let turn: Promise<unknown> = Promise.resolve()

  /** session_user decides everything; only the superuser can change it, so the way leads over it. */
  const enter = async (login: string): Promise<void> => {
    if (login === entered) return
    // SET is undone by a rollback: a switch inside a transaction would run what follows it as somebody else.
    if (open) throw new Error(`${login} cannot act inside a transaction of ${entered}`)
    await engine.exec(`set session authorization ${superuser}`)
    entered = superuser
    await engine.exec(`set session authorization "${login.replaceAll('"', '""')}"`)
    entered = login
  }

  /** The bytes of a `copy … to stdout`, which the engine's own calls take and throw away. */
  const copyOut = async (text: string): Promise<Buffer> => {
    const { protocol } = await loadPGlite()
    const { messages } = await engine.execProtocol(protocol.serialize.query(text))
    return Buffer.concat(messages.flatMap((message) => ('chunk' in message ? [message.chunk as Buffer] : [])))
  }

  /** What is sent, one after the other, each as its login. */
  const inTurn = <T>(login: string, send: () => Promise<T>): Promise<T> => {
    const result = turn.then(async () => {
      await enter(login)
      return send()
    })
    turn = result.catch(() => {})
    return result.catch((error: unknown) => {
      throw asFailure(error, { label: data, user: login })
    })
  }

  /** Without values several statements may stand there; the last one counts. */
  const sendAs = (login: string, text: string, values: readonly unknown[] = []) =>
    inTurn(login, async () =>
      values.length === 0 ? (await engine.exec(text)).at(-1) : engine.query(text, [...values]),
    )

  const databaseOf = (login: string): EmbeddedDatabase => {
    const queryable: Queryable = {
      query: async <R extends object = Row>(text: string, values?: readonly unknown[]) =>
        ((await sendAs(login, text, values))?.rows ?? []) as R[],
    }
    return {
      ...queryable,
      label: data,
      embedded: true,
      transaction: async (work, { rollback } = {}) => {
        await sendAs(login, 'begin isolation level read committed')
        open = true
        try {
          const result = await work(queryable)
          const back = typeof rollback === 'function' ? rollback(result as never) : rollback
          const ended = await sendAs(login, back ? 'rollback' : 'commit')
          if (!back && ended?.command !== 'COMMIT') {
            throw new MeanderError('FAILED', 'A statement had failed, so the transaction was rolled back')
          }
          return result
        } catch (error) {
          await sendAs(login, 'rollback').catch(() => {})
          throw error
        } finally {
          open = false
        }
      },
      copyOut: (text, values) => inTurn(login, () => copyOut(inline(text, values))),
      listen: async (channel, heard) => void (await engine.listen(channel, heard)),
      // Everything runs in this process: what runs is over before anybody could ask it to stop.
      cancel: async () => {},
      tls: async () => null,
      close: async () => {
        if (engine.closed) return
        await engine.close().finally(afterClose)
      },
      as: async (other) => {
        const logins = await databaseOf(superuser).query<{ name: string }>(
          'select rolname::text as name from pg_roles where rolcanlogin order by rolname',
        )
        if (logins.some(({ name }) => name === other)) return databaseOf(other)
        throw new MeanderError('UNAUTHENTICATED', `The store ${data} has no login ${other}`, {
          hint: `Set PGUSER to one of ${logins.map(({ name }) => name).join(', ')}`,
        })
      },
    }
  }
  return databaseOf(superuser)
}

const openFolder = async (data: string): Promise<PGlite> => {
  const { PGlite } = await loadPGlite()
  try {
    return await PGlite.create(data, {
      // bytea is a Buffer for the driver of the server, which takes its text too.
      parsers: { ...parsers, 17: (text) => Buffer.from(text.slice(2), 'hex') },
      serializers: { 17: (value) => (Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : value) },
    })
  } catch (error) {
    throw new MeanderError('FAILED', `The store ${data} cannot be opened: ${(error as Error).message}`, {
      hint: 'Start over: meanderctl demo --reset',
      cause: error,
    })
  }
}

const loadPGlite = async (): Promise<typeof import('@electric-sql/pglite')> => {
  try {
    return await import('@electric-sql/pglite')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new MeanderError('FAILED', 'The embedded PostgreSQL is an optional part that is not installed', {
      hint: 'Install it beside meanderctl (with --global if that is global): npm install @electric-sql/pglite',
      cause: error,
    })
  }
}
