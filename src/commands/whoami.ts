import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { whoamiView } from '../views/whoami.view.ts'

export const registerWhoami = (parent: Command, context: Context, run = whoami): void => {
  parent
    .command('whoami')
    .description('Show who this login is, what it reaches and why, and which commands it may run')
    .action(() => run(context))
}

export const whoami = async (context: Context): Promise<void> => {
  const { identity } = await context.service()
  await context.show.item(whoamiView, await identity.whoami())
}
