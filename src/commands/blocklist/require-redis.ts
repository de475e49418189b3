import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { Blocklist } from '../../service/blocklist/blocklist.ts'

/** @throws MeanderError USAGE where the platform reads Redis and this login has none. */
export const requireRedis = async (blocklist: Blocklist, context: Context): Promise<void> => {
  if (context.settings.redis || (await blocklist.mode()) !== 'redis') return
  throw new MeanderError('USAGE', 'No Redis is configured, so nothing can be told to it.', {
    hint: 'Set REDIS_URL.',
  })
}
