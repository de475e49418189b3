import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { blocklistStatusView } from '../../views/blocklist.view.ts'

export const registerStatus = (parent: Command, context: Context, run = showStatus): void => {
  parent
    .command('status')
    .description('Show what is blocked, what Redis does not know yet, and how Redis is')
    .action(() => run(context))
}

export const showStatus = async (context: Context): Promise<void> => {
  const { blocklist } = await context.service()
  const status = await blocklist.status()
  await context.show.item(blocklistStatusView, status)
  if (status.pending > 0 || status.redisError || status.redis?.ok === false) context.end('NOT_ENDED')
}
