import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBlocklistStore } from '../../../src/redis/open.ts'
import type { Comparison } from '../comparison.ts'
import { ratio } from '../measure.ts'
import { ran } from '../processes.ts'

const prefix = 'meander:blocklist:'

export const publish: Comparison = {
  name: 'publish',
  about: 'blocked tokens to Redis, against redis-cli --pipe',
  run: async ({ people, redis, scratch, turns }) => {
    const tokens = Array.from({ length: people.batch * 10 }, () => ({
      jti: randomUUID(),
      sessionId: randomUUID(),
      remainingMs: 840_000,
    }))
    // The same keys and values in the protocol's own form, so that redis-cli does nothing but copy.
    const file = join(scratch, 'tokens.resp')
    const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`
    const lines = tokens.map(({ jti, sessionId }) =>
      ['SET', `${prefix}jti:${jti}`, sessionId, 'PX', '900000'].map(bulk).join(''),
    )
    writeFileSync(file, lines.map((line) => `*5\r\n${line}`).join(''))
    const { host, port } = redis
    const store = openBlocklistStore({ kind: 'single', host, port, db: 0, tls: null, prefix })
    const prepare = () => redis.cli('flushall')
    const check = async () => assert.ok(Number(await redis.cli('dbsize')) >= tokens.length)
    const [pipe, publishing] = await turns(
      [
        {
          name: 'redis-cli --pipe',
          prepare,
          run: () => ran(['redis-cli', '-h', host, '-p', String(port), '--pipe'], { input: file }),
          check,
        },
        { name: 'publish', prepare, run: () => store.publish(tokens), check },
      ] as const,
      { rounds: 21, warmUp: 2 },
    )
    await store.close()
    return [ratio(`publish ${tokens.length} jtis : redis-cli --pipe`, publishing, pipe, { atMost: 2.2 })]
  },
}
