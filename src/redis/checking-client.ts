import type { RedisSettings } from '../config/redis-settings.ts'
import { verified } from './verified.ts'

/** The one command that the check of the API needs. */
export interface CheckingClient {
  /** How many of this key there are. @throws when Redis cannot be asked now, or not as the settings say. */
  exists(key: string): Promise<number>
  close(): Promise<void>
}

/** After a silence of so long a connection is given up: the network may have forgotten it. */
const silenceMs = 1_000
/** A Redis that is back is found within this time. */
const longestPauseMs = 500

/**
 * A connection for a server that asks all the time: it comes back by itself after a loss, and while it is lost every
 * question fails at once. Connects at the first question.
 */
export const checkingClient = (settings: Extract<RedisSettings, { kind: 'single' }>): CheckingClient => {
  const open = async () => {
    const { Redis } = await import('ioredis')
    const { host, port, db, username, password, tls } = settings
    const client = new Redis({
      host,
      port,
      db,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === null ? {} : { tls: verified(tls) }),
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      retryStrategy: (times) => Math.min(times * 50, longestPauseMs),
      socketTimeout: silenceMs,
      // INFO and CLIENT may be closed to a login that only asks.
      enableReadyCheck: false,
      disableClientInfo: true,
    })
    let refused: Error | null = null
    client.on('connect', () => {
      refused = null
    })
    // A refused SELECT is nothing but an event, and the next question would be answered by database 0: nobody blocked.
    client.on('error', (error) => {
      if (error.name === 'ReplyError') refused = error
    })
    const connected = client.connect()
    connected.catch(() => {})
    return {
      client,
      exists: async (key: string): Promise<number> => {
        // The first question waits for the connection; later ones, while it is lost, for nothing.
        if (client.status === 'connecting' || client.status === 'connect') await connected
        const count = await client.exists(key)
        if (refused) throw refused
        return count
      },
    }
  }
  let opened: ReturnType<typeof open> | undefined
  return {
    exists: async (key) => {
      opened ??= open()
      return (await opened).exists(key)
    },
    close: async () => {
      const known = opened
      opened = undefined
      ;(await known)?.client.disconnect()
    },
  }
}
