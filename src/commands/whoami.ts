import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { whoamiView } from '../views/whoami.view.ts'
import { endsOfLook, teach } from './shared/teaching.ts'

export const registerWhoami = (command: Command, context: Context, run = whoami): void => {
  teach(command, {
    examples: [['Which login is this', 'meanderctl whoami']],
    ends: endsOfLook,
    unlike: { doctor: 'says whether everything is as it has to be' },
  }).action(() => run(context))
}

export const whoami = async (context: Context): Promise<void> => {
  const { identity } = await context.service()
  await context.show.item(whoamiView, await identity.whoami())
}
