import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import type { BlocklistStatus } from '../../service/blocklist/blocklist.ts'
import { blocklistStatusView, redisFindingView } from '../../views/blocklist.view.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

/** Keys end a minute after their tokens: what a clock may be wrong before that is used up. */
const clockToleranceMs = 30_000

export const registerStatus = (parent: Command, context: Context, run = showStatus): void => {
  teach(parent.command('status'), {
    examples: [
      ['Does Redis know everything', 'meanderctl blocklist status'],
      ['For a monitor', 'meanderctl blocklist status --quiet -o json > /dev/null'],
    ],
    ends: [...endsOfLook, 'NOT_ENDED'],
    unlike: {
      'blocklist check': 'looks for one access token',
      'blocklist sync': 'mends what is pending',
      'blocklist rebuild': 'mends what was lost',
    },
    notes:
      "Pending and drift are of what is within reach; only the publisher and the administrator see all, and so can tell whether a key of Redis is anybody's. 7 when anything is pending or differs, or Redis may lose what it is given.",
  })
    .description('Compare both stores: what is pending, what drifted, and how Redis is')
    .action(() => run(context))
}

export const showStatus = async (context: Context): Promise<void> => {
  const { blocklist } = await context.service()
  const status = await blocklist.status()
  const { show } = context
  await show.item(blocklistStatusView, status)
  const personal = show.format === 'table' || show.format === 'wide'
  if (personal && status.redis) await show.section('Redis', redisFindingView, status.redis.findings)
  if (isWrong(status)) context.end('NOT_ENDED')
}

const isWrong = ({ pending, drift, redis, redisError, clockDifferenceMs }: BlocklistStatus): boolean =>
  pending > 0 ||
  redisError !== null ||
  redis?.ok === false ||
  (drift !== null && drift.missing + drift.short + drift.endless + (drift.unknown ?? 0) > 0) ||
  Math.abs(clockDifferenceMs ?? 0) > clockToleranceMs
