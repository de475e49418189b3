import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { profileView } from '../../views/profile.view.ts'
import { teach } from '../shared/teaching.ts'
import { sayNearer } from './say.ts'

export const registerList = (parent: Command, context: Context, run = listProfiles): void => {
  const command = parent
    .command('list')
    .description('List the profiles, with the one in use and which are production')
    .action(() => run(context))
  teach(command, {
    examples: [['Which databases are there, and which is used here', 'meanderctl profile list']],
    ends: [],
  })
}

export const listProfiles = async (context: Context): Promise<void> => {
  const book = await context.profiles()
  const profiles = await book.list()
  await context.show.list(profileView, profiles)
  if (profiles.every(({ name }) => name === 'demo')) {
    context.terminal.note('None of your own yet: meanderctl profile add NAME --database-url URL')
  }
  await sayNearer(book, context)
}
