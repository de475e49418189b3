import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { settingView } from '../../views/doctor.view.ts'
import { parseProfile } from '../shared/parsers.ts'
import { teach } from '../shared/teaching.ts'
import { showOne } from './say.ts'

export const registerShow = (parent: Command, context: Context, run = showProfile): void => {
  const command = parent
    .command('show')
    .description('Show a profile: what it holds, what is in force with it, and who says so')
    .argument('[name]', 'the profile; the one in use when left out', parseProfile)
    .action((name: string | undefined) => run(name, context))
  teach(command, {
    examples: [['What a command would use here, and who says so', 'meanderctl profile show']],
    ends: ['NOT_FOUND'],
  })
}

export const showProfile = async (name: string | undefined, context: Context): Promise<void> => {
  const { show } = context
  const profile = await (await context.profiles()).show(name)
  await showOne(profile, context)
  if (show.format === 'table' || show.format === 'wide') {
    await show.section('In force with it here', settingView, profile.settings)
  }
}
