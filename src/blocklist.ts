import { redisSettings } from './config/redis-settings.ts'
import { MeanderError } from './errors.ts'
import { checkingClient } from './redis/checking-client.ts'
import { canaryKey, tokenKey } from './redis/keys.ts'

/** What the check needs of a client of Redis: one of ioredis, alone or of a Cluster, or any other that answers so. */
export interface RedisClient {
  exists(key: string): Promise<number>
  /** Whether it is connected, as ioredis says it. */
  readonly status?: string
  /** ioredis puts `keyPrefix` before every key. */
  readonly options?: { readonly keyPrefix?: string | undefined; readonly redisOptions?: unknown }
}

/** What the check needs of PostgreSQL: a pool or client of pg whose login is in `meander_auth`. */
export interface Queryable {
  query(text: string, values: string[]): Promise<{ readonly rows: readonly { readonly blocked?: unknown }[] }>
}

/** What is known of an access token. */
export type Verdict = 'clear' | 'blocked' | 'unsure'

interface Manner {
  /** What `isBlocked` says when the blocklist cannot be asked: strict, which is usual, denies; lenient lets in. */
  readonly mode?: 'strict' | 'lenient'
  /** How long one question may take, in milliseconds; 250 when left out. */
  readonly timeoutMs?: number
  /** Told each time that the blocklist could not be asked: for a log, or a counter. */
  readonly onUnsure?: (cause: unknown) => void
}

interface OverRedis extends Manner {
  /** A client that the server has already, or `redis://…` or `rediss://…` for one of its own. */
  readonly redis: RedisClient | string
  /** Before every key, as MEANDERCTL_REDIS_PREFIX says it; `meander:blocklist:` when left out. */
  readonly prefix?: string
  /**
   * Unsure of everybody while the publisher's canary is missing: a Redis that is new, or was emptied, knows nobody.
   * Ask for it once `blocklist sync --follow` runs.
   */
  readonly requireCanary?: boolean
  /** Lets a URL name a remote Redis without TLS. */
  readonly allowPlaintext?: boolean
}

interface OverPostgres extends Manner {
  readonly postgres: Queryable
}

export type BlocklistCheckOptions = OverRedis | OverPostgres

/** The API's question, asked with every request: was this access token revoked? */
export interface BlocklistCheck {
  /** Whether to deny the access token with this `jti`. Never rejects. */
  isBlocked(jti: string): Promise<boolean>
  /** The same with a third answer, so that a server can say 503 where it does not know, and not 401. Never rejects. */
  verdict(jti: string): Promise<Verdict>
  /** Ends the connection that was made for a URL; a client that was handed in stays open. */
  close(): Promise<void>
}

const usualTimeoutMs = 250

/** As the platform issues them. Anything else was never blocked under its name, so it is never let in either. */
const canonical = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * A check over Redis or over PostgreSQL, whichever `meanderctl db migrate --blocklist` recorded.
 * @throws MeanderError USAGE for a Redis that would be asked for other keys than the ones that are written.
 */
export const blocklistCheck = (options: BlocklistCheckOptions): BlocklistCheck => {
  const { mode = 'strict', timeoutMs = usualTimeoutMs, onUnsure } = options
  if (mode !== 'strict' && mode !== 'lenient') throw usage(`mode is ${String(mode)}`, 'strict or lenient')
  const store = 'postgres' in options ? overPostgres(options) : overRedis(options)

  const verdict = async (jti: string): Promise<Verdict> => {
    const name = typeof jti === 'string' ? jti.toLowerCase() : ''
    if (!canonical.test(name)) return 'blocked'
    try {
      return (await within(timeoutMs, store.has(name))) ? 'blocked' : 'clear'
    } catch (error) {
      try {
        onUnsure?.(error)
      } catch {
        // A log that fails opens no door: whoever asked would take a rejection for anything.
      }
      return 'unsure'
    }
  }
  return {
    verdict,
    isBlocked: async (jti) => {
      const found = await verdict(jti)
      return found === 'blocked' || (found === 'unsure' && mode === 'strict')
    },
    close: store.close,
  }
}

interface Store {
  has(jti: string): Promise<boolean>
  close(): Promise<void>
}

/** To whom no policy of the table applies it is empty, and everybody would be let in: null, which is no answer. */
const question = `
select case
  when pg_has_role('meander_auth', 'usage') or not row_security_active('meander.token_blocklist')
  then exists (select from meander.token_blocklist where jti = $1)
end as blocked`

const overPostgres = ({ postgres }: OverPostgres): Store => ({
  has: async (jti) => {
    const { rows } = await postgres.query(question, [jti])
    const blocked = rows[0]?.blocked
    if (blocked === null) throw new Error('this login does not see the blocklist: it is not in meander_auth')
    if (typeof blocked !== 'boolean') throw new Error('PostgreSQL did not say whether the token is blocked')
    return blocked
  },
  close: async () => {},
})

const overRedis = (options: OverRedis): Store => {
  const { prefix = 'meander:blocklist:', requireCanary = false } = options
  const own = typeof options.redis === 'string' ? clientFor(options.redis, options) : null
  const client: RedisClient = own ?? (options.redis as RedisClient)
  if (prefixOf(client) !== '') {
    throw usage(
      'The client of Redis puts a keyPrefix before every key, and would not find any blocked token',
      'Give a client without keyPrefix; the prefix of the blocklist is the option prefix',
    )
  }
  return {
    has: async (jti) => {
      if (lost.has(client.status ?? '')) throw new Error(`Redis is not connected (${client.status})`)
      const ask = async (key: string) => client.exists(key)
      const canary = requireCanary ? ask(canaryKey(prefix)) : Promise.resolve(1)
      canary.catch(() => {})
      const count = await ask(tokenKey(prefix, jti))
      if (count !== 0 && count !== 1) throw new Error('Redis did not say whether the token is blocked')
      // Who is blocked is so, whatever becomes of the canary: in a Cluster its node may be away.
      if (count === 0 && (await canary) !== 1)
        throw new Error('Redis has no canary: it may have lost who is blocked')
      return count === 1
    },
    close: async () => own?.close(),
  }
}

/** A question to such a client would wait in its queue for a Redis that may never come. */
const lost: ReadonlySet<string> = new Set(['reconnecting', 'disconnecting', 'close', 'end'])

const prefixOf = ({ options }: RedisClient): string =>
  options?.keyPrefix || (options?.redisOptions as { keyPrefix?: string } | undefined)?.keyPrefix || ''

const clientFor = (url: string, { allowPlaintext = false }: OverRedis) => {
  const given = { REDIS_URL: url, ...(allowPlaintext ? { MEANDERCTL_ALLOW_PLAINTEXT_REDIS: '1' } : {}) }
  const settings = redisSettings(
    Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, { value, source: 'environment' as const, name }]),
    ),
    '',
  )
  if (settings?.kind !== 'single') throw usage('There is no URL of a Redis', 'redis://127.0.0.1:6379')
  return checkingClient(settings)
}

const within = async <T>(milliseconds: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`the blocklist gave no answer within ${milliseconds} ms`)
    // What arrived while this process was busy is read before the clock is believed.
    timer = setTimeout(() => setImmediate(() => reject(error)), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const usage = (message: string, hint: string): MeanderError => new MeanderError('USAGE', message, { hint })
