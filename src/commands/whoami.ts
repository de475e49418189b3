import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { whoamiView } from '../views/whoami.view.ts'

export const registerWhoami = (command: Command, context: Context, run = whoami): void => {
  command.action(() => run(context))
}

export const whoami = async (context: Context): Promise<void> => {
  const { identity } = await context.service()
  await context.show.item(whoamiView, await identity.whoami())
}
