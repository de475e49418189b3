import { Redis } from 'ioredis'
import type pg from 'pg'

/** The access tokens of ended sessions, as the API asks for them. */
export interface Blocklist {
  /** @throws when neither Redis nor the database can be asked: what is not known is never let through. */
  blocks(jti: string): Promise<boolean>
  /** Carries what the database has blocked to Redis; nothing to do where the API reads the database. */
  publish(): Promise<void>
  close(): void
}

const key = (jti: string): string => `meander:blocklist:jti:${jti}`
/** A key outlives its token by so much: the clocks of the API's servers may be behind the database's. */
const skewMs = 60_000
const claimSize = 1000

const inDatabase = (db: pg.Pool): Blocklist => ({
  blocks: async (jti) =>
    (await db.query('select from meander.token_blocklist where jti = $1', [jti])).rowCount === 1,
  publish: async () => {},
  close: () => {},
})

const inRedis = async (db: pg.Pool, url: string): Promise<Blocklist> => {
  // A check that waits for a Redis that is away would hold up every request: it fails at once instead.
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2000,
    commandTimeout: 2000,
  })
  // A lost connection is told by the command that needs it.
  redis.on('error', () => {})
  await redis.connect()
  const truth = inDatabase(db)

  /** One batch in one transaction: what Redis did not take is unclaimed again. Returns how many. */
  const publishBatch = async (client: pg.PoolClient): Promise<number> => {
    const { rows } = await client.query<{ jti: string; session_id: string; remaining_ms: string }>(
      'select jti, session_id, remaining_ms from meander.claim_blocklist($1)',
      [claimSize],
    )
    if (rows.length === 0) return 0
    const commands = redis.pipeline()
    for (const { jti, session_id, remaining_ms } of rows) {
      const life = Number(remaining_ms) + skewMs
      commands.set(key(jti), session_id, 'PX', life, 'NX').pexpire(key(jti), life, 'GT')
    }
    for (const [error] of (await commands.exec()) ?? []) if (error) throw error
    await client.query('select meander.mark_published($1)', [rows.map(({ jti }) => jti)])
    return rows.length
  }

  return {
    blocks: async (jti) => {
      try {
        return (await redis.exists(key(jti))) === 1
      } catch {
        // PostgreSQL is the truth; Redis was only faster.
        return truth.blocks(jti)
      }
    },
    publish: async () => {
      const client = await db.connect()
      try {
        let claimed: number
        do {
          await client.query('begin')
          claimed = await publishBatch(client)
          await client.query('commit')
        } while (claimed === claimSize)
      } catch (error) {
        await client.query('rollback').catch(() => {})
        throw error
      } finally {
        client.release()
      }
    },
    close: () => redis.disconnect(),
  }
}

/** Without a Redis the API reads the database itself. */
export const openBlocklist = async (db: pg.Pool, redisUrl: string | null): Promise<Blocklist> =>
  redisUrl === null ? inDatabase(db) : inRedis(db, redisUrl)
