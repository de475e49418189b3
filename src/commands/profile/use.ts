import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { parseProfile } from '../shared/parsers.ts'
import { teach } from '../shared/teaching.ts'
import { sayNearer, showOne } from './say.ts'

interface UseOptions {
  readonly none?: boolean
}

export const registerUse = (parent: Command, context: Context, run = useProfile): void => {
  const command = parent
    .command('use')
    .description('Make a profile the default: what commands use where nothing else names one')
    .argument('[name]', 'the profile', parseProfile)
    .option('--none', 'no profile is the default any more')
    .action((name: string | undefined, options: UseOptions) => run(name, options, context))
  teach(command, {
    examples: [['Use this database from now on', 'meanderctl profile use staging']],
    ends: ['NOT_FOUND'],
  })
}

export const useProfile = async (
  name: string | undefined,
  { none = false }: UseOptions,
  context: Context,
): Promise<void> => {
  if ((name === undefined) !== none) {
    throw new MeanderError('USAGE', name === undefined ? 'No profile was named.' : '--none takes no name.', {
      hint: 'Give a name, or --none. See them: meanderctl profile list',
    })
  }
  const book = await context.profiles()
  await book.use(name ?? null)
  if (name === undefined) context.terminal.note('No profile is the default any more.')
  else await showOne(await book.show(name), context)
  await sayNearer(book, context)
}
