import { Redis } from 'ioredis'
import type { PostgresServer } from './postgres.ts'
import type { PrivateRedis } from './redis.ts'

/** Milliseconds that each key has left on the master that holds it; -2 where none has it. Asked without the tool. */
export const livesOf = async (
  masters: readonly Pick<PrivateRedis, 'host' | 'port'>[],
  jtis: readonly string[],
): Promise<Map<string, number>> => {
  const lives = new Map(jtis.map((jti) => [jti, -2]))
  for (const { host, port } of masters) {
    const client = new Redis({ host, port, lazyConnect: true })
    try {
      await client.connect()
      const pipeline = client.pipeline()
      for (const jti of jtis) pipeline.pttl(`meander:blocklist:jti:${jti}`)
      const replies = (await pipeline.exec()) ?? []
      for (const [index, jti] of jtis.entries()) {
        const [moved, life] = replies[index] ?? [null, -2]
        if (!moved && Number(life) !== -2) lives.set(jti, Number(life))
      }
    } finally {
      client.disconnect()
    }
  }
  return lives
}

/** Every blocked token that still lives, and that Redis does not block for at least as long: none when both are equal. */
export const lostTokens = async (
  server: PostgresServer,
  database: string,
  masters: readonly Pick<PrivateRedis, 'host' | 'port'>[],
): Promise<{ live: number; lost: string[] }> => {
  const rows = await server.query<{ jti: string; ends: number }>(
    `select jti, (extract(epoch from expires_at) * 1000)::float8 as ends from meander.token_blocklist
     where expires_at > clock_timestamp() + interval '5 seconds'`,
    [],
    database,
  )
  const lives = await livesOf(
    masters,
    rows.map(({ jti }) => jti),
  )
  const now = Date.now()
  const lost = rows.filter(({ jti, ends }) => {
    const life = lives.get(jti) ?? -2
    return life !== -1 && life < ends - now
  })
  return { live: rows.length, lost: lost.map(({ jti }) => jti) }
}
