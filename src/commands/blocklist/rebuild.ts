import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { rebuildView } from '../../views/blocklist.view.ts'
import { counted } from '../shared/acting.ts'
import { sayPending, sayUnsure } from '../shared/residual.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { requireRedis } from './require-redis.ts'

export const registerRebuild = (parent: Command, context: Context, run = rebuild): void => {
  teach(parent.command('rebuild'), {
    examples: [['Redis was emptied', 'meanderctl blocklist rebuild']],
    ends: [...endsOfLook, 'PENDING', 'UNKNOWN'],
    unlike: { 'blocklist sync': 'tells only what Redis was never told' },
    notes:
      "For a Redis that was emptied, restored or failed over. It only adds: no key is removed and no expiry is shortened, and it may run at any time. An operator's rebuild puts back what is within reach; the publisher's and the administrator's all of it, and only theirs leaves the canary.",
  })
    .description('Put every blocked token that still lives into Redis again, and compare')
    .action(() => run(context))
}

export const rebuild = async (context: Context): Promise<void> => {
  const { blocklist } = await context.service()
  await requireRedis(blocklist, context)
  const { terminal } = context
  const progress = terminal.progress('Putting tokens into Redis')
  const result = await blocklist
    .rebuild(context.signal, (done) => progress.update(done))
    .finally(() => progress.stop())
  await context.show.item(rebuildView, result)
  if (result.mode === 'database') {
    terminal.note('The platform reads PostgreSQL alone: no Redis is to be filled, and nothing was done.')
  }
  const { drift } = result
  if (drift?.unknown) {
    terminal.warn(
      `${counted(drift.unknown, 'key')} of Redis are unknown to PostgreSQL. Nothing here removes a key: find who writes under this prefix.`,
    )
  }
  sayUnsure(result, context)
  if (drift && drift.missing + drift.short > 0) context.end('PENDING')
  sayPending(result, context)
}
