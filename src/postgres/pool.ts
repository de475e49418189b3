import type { DatabaseHost, ServerSettings } from '../config/database-settings.ts'
import { MeanderError } from '../errors.ts'
import { type Connection, connect } from './connection.ts'
import type { Database } from './database.ts'

export interface PoolOptions {
  /** How many there are at most. */
  readonly connections: number
  /** Longest time of one statement, in milliseconds. */
  readonly timeoutMs: number
  /** How long to wait for one while all are in use. */
  readonly patienceMs: number
}

/** What nobody used for so long is closed: before a network in between forgets it. */
const idleMs = 30_000
/** The server ends a statement itself when its time is over; this much later it is taken for lost. */
const graceMs = 5_000

/**
 * Several connections behind one Database, for a server that answers many at once: a transaction, and each statement
 * outside of one, has a connection to itself. One that breaks is replaced by the next that is needed.
 */
export const openPool = (settings: ServerSettings, options: PoolOptions): Database => {
  const idle: { readonly connection: Connection; readonly timer: NodeJS.Timeout }[] = []
  const used = new Set<Connection>()
  const waiting: (() => void)[] = []
  let free = options.connections
  let closed = false
  let label = labelOf(settings.hosts[0], settings)

  const turn = (): Promise<void> => {
    if (free > 0) {
      free -= 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const admit = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(admit), 1)
        const message = `All ${options.connections} connections to ${label} are in use`
        reject(
          new MeanderError('FAILED', message, { hint: 'Try again in a moment, or allow more connections' }),
        )
      }, options.patienceMs)
      waiting.push(admit)
    })
  }
  const pass = () => {
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }

  /** The one used last that is not broken, so that what is not needed stays idle and is closed. */
  const take = async (): Promise<Connection> => {
    for (let last = idle.pop(); last; last = idle.pop()) {
      clearTimeout(last.timer)
      if (last.connection.open) return last.connection
    }
    const { timeoutMs } = options
    return connect(settings, { timeoutMs, silenceMs: timeoutMs + graceMs })
  }
  const putBack = (connection: Connection) => {
    if (closed || !connection.open) return end(connection)
    const leave = () => {
      idle.splice(
        idle.findIndex((one) => one.connection === connection),
        1,
      )
      end(connection)
    }
    // A process that has nothing else to do does not stay for it.
    idle.push({ connection, timer: setTimeout(leave, idleMs).unref() })
  }

  const using = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    if (closed) throw new MeanderError('FAILED', `The connections to ${label} are closed`)
    await turn()
    try {
      const connection = await take()
      label = connection.label
      used.add(connection)
      try {
        return await work(connection)
      } finally {
        used.delete(connection)
        putBack(connection)
      }
    } finally {
      pass()
    }
  }

  return {
    embedded: false,
    get label() {
      return label
    },
    query: (text, values) => using((connection) => connection.query(text, values)),
    transaction: (work, rollback) => using((connection) => connection.transaction(work, rollback)),
    copyOut: (text, values) => using((connection) => connection.copyOut(text, values)),
    listen: async () => {
      throw new Error('none of several connections listens for all: open one for it')
    },
    cancel: async () => {
      await Promise.all([...used].map((connection) => connection.cancel()))
    },
    tls: () => using((connection) => connection.tls()),
    close: async () => {
      closed = true
      for (const { connection, timer } of idle.splice(0)) {
        clearTimeout(timer)
        end(connection)
      }
    },
  }
}

const end = (connection: Connection): void => void connection.close().catch(() => {})

const labelOf = ({ host, port }: DatabaseHost, { database }: ServerSettings): string =>
  `${host}:${port}/${database}`
