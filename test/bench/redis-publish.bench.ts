import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BlocklistStore } from '../../src/redis/blocklist-store.ts'
import { openBlocklistStore } from '../../src/redis/open.ts'
import { type PrivateRedis, startRedis } from '../support/redis.ts'
import { compare, expectTargets } from './ratio.ts'

const prefix = 'meander:blocklist:'
const tokens = Array.from({ length: 100_000 }, () => ({
  jti: randomUUID(),
  sessionId: randomUUID(),
  remainingMs: 840_000,
}))

let redis: PrivateRedis
let store: BlocklistStore
beforeAll(async () => {
  redis = await startRedis()
  store = openBlocklistStore({ kind: 'single', host: redis.host, port: redis.port, db: 0, tls: null, prefix })
})
afterAll(async () => {
  await store.close()
  await redis.stop()
})

test('publishing 100,000 tokens takes at most 2.2 times as long as redis-cli --pipe', async () => {
  // The same keys and values in the protocol's own form, so that redis-cli does nothing but copy.
  const file = join(redis.folder, 'tokens.resp')
  const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`
  const lines = tokens.map(({ jti, sessionId }) =>
    ['SET', `${prefix}jti:${jti}`, sessionId, 'PX', '900000'].map(bulk).join(''),
  )
  writeFileSync(file, lines.map((line) => `*5\r\n${line}`).join(''))
  const pipe = `redis-cli -h ${redis.host} -p ${redis.port} --pipe < "$0"`

  const measured = await compare('100,000 blocked tokens', [
    {
      name: 'redis-cli --pipe',
      run: async () => {
        await redis.cli('flushall', 'async')
        await promisify(execFile)('sh', ['-c', pipe, file])
      },
    },
    {
      name: 'publish',
      target: 2.2,
      run: async () => {
        await redis.cli('flushall', 'async')
        const { published } = await store.publish(tokens)
        expect(published).toHaveLength(tokens.length)
      },
    },
  ])
  expectTargets(measured)
})
