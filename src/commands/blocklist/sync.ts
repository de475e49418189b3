import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { syncView } from '../../views/blocklist.view.ts'
import { sayPending } from '../residual.ts'

export const registerSync = (parent: Command, context: Context, run = sync): void => {
  parent
    .command('sync')
    .description('Tell Redis what it does not know yet')
    .action(() => run(context))
}

export const sync = async (context: Context): Promise<void> => {
  const { blocklist } = await context.service()
  if (!context.settings.redis && (await blocklist.mode()) === 'redis') {
    throw new MeanderError('USAGE', 'No Redis is configured, so nothing can be told to it.', {
      hint: 'Set REDIS_URL.',
    })
  }
  const result = await blocklist.sync()
  await context.show.item(syncView, result)
  sayPending(result, context)
}
