import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { declined } from '../shared/acting.ts'
import { parseProfile } from '../shared/parsers.ts'
import { teach } from '../shared/teaching.ts'
import { showOne } from './say.ts'

interface RemoveOptions {
  readonly yes?: boolean
}

export const registerRemove = (parent: Command, context: Context, run = removeProfile): void => {
  const command = parent
    .command('remove')
    .description('Forget a profile; nothing changes in its database')
    .argument('<name>', 'the profile', parseProfile)
    .option('-y, --yes', 'go ahead without being asked')
    .action((name: string, options: RemoveOptions) => run(name, options, context))
  teach(command, {
    examples: [['Forget a profile', 'meanderctl profile remove staging']],
    ends: ['NOT_FOUND', 'DECLINED'],
  })
}

export const removeProfile = async (
  name: string,
  { yes = false }: RemoveOptions,
  context: Context,
): Promise<void> => {
  const { terminal } = context
  if (name === 'demo') {
    throw new MeanderError('USAGE', 'demo is always there.', { hint: 'Its data: meanderctl demo --reset' })
  }
  if (!yes && !terminal.interactive) {
    throw new MeanderError('USAGE', 'This needs a confirmation, and there is no terminal to ask on.', {
      hint: 'Give --yes to go ahead.',
    })
  }
  const book = await context.profiles()
  const profile = await book.show(name)
  const what = [`The profile ${name}`, profile.production && 'production', profile.database]
  const rest = profile.default ? ' It is the default, and none will be.' : ''
  if (
    !yes &&
    !(await terminal.prompt.confirm(`${what.filter(Boolean).join(', ')}, is forgotten.${rest} Go on?`))
  ) {
    throw declined()
  }
  await book.remove(name)
  await showOne({ ...profile, current: false, default: false }, context)
  terminal.note(`Forgotten: ${name}.${profile.default ? ' No profile is the default any more.' : ''}`)
}
