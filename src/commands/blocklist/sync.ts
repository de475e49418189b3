import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { syncView } from '../../views/blocklist.view.ts'
import { sayPending, sayUnsure } from '../shared/residual.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { follow } from './follow.ts'
import { requireRedis } from './require-redis.ts'

interface SyncOptions {
  readonly follow?: boolean
}

export const registerSync = (parent: Command, context: Context, run = sync): void => {
  teach(parent.command('sync'), {
    examples: [
      ['After exit code 8', 'meanderctl blocklist sync'],
      ['As a service', 'meanderctl blocklist sync --follow'],
    ],
    ends: [...endsOfLook, 'PENDING', 'UNKNOWN'],
    unlike: { 'blocklist rebuild': 'also puts back what Redis was told and has lost' },
    notes:
      '--follow is the publisher where operators hold no credential of Redis: a login in meander_publisher runs it, as a service, once or several times. It publishes what is blocked within milliseconds, fills a Redis that was emptied or failed over, and waits for PostgreSQL and Redis when they are away. One line for each thing done, with -o ndjson one object.',
  })
    .description('Tell Redis what it does not know yet, once or for as long as this runs')
    .option('--follow', 'go on until Ctrl-C or SIGTERM (publisher, administrator)')
    .action((options: SyncOptions) => run(options, context))
}

export const sync = async (options: SyncOptions, context: Context): Promise<void> => {
  const { blocklist, follower } = await context.service()
  await requireRedis(blocklist, context)
  if (options.follow) return follow(blocklist, follower, context)
  const result = await blocklist.sync()
  await context.show.item(syncView, result)
  sayUnsure(result, context)
  sayPending(result, context)
}
