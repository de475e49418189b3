import { type Command, Option } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { operatorChangeView } from '../../views/operator.view.ts'
import { askText, mayAsk } from '../shared/asking.ts'
import { parseText } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

interface AddOptions {
  readonly user?: string
  readonly role?: 'auditor'
}

export const registerAdd = (parent: Command, context: Context, run = addOperator): void => {
  teach(parent.command('add'), {
    examples: [
      ['A new operator', 'meanderctl operators add ada --user ada@hlf.example'],
      ['Who only looks', 'meanderctl operators add revisor --user ada@hlf.example --role auditor'],
    ],
    ends: [...endsOfLook, 'UNKNOWN'],
    unlike: { 'grants create': 'lets platform staff into an organization' },
    notes: 'The login itself is made in PostgreSQL before.',
  })
    .description('Register a PostgreSQL login for a platform user, or bind it anew after a restore')
    .argument('[login]', 'the PostgreSQL login; asked for at a terminal', parseText)
    .option('--user <email|id>', 'the platform user that it acts for; asked for at a terminal', parseText)
    .addOption(new Option('--role <role>', 'look only, whatever the user’s role').choices(['auditor']))
    .action((login: string | undefined, options: AddOptions) => run(login, options, context))
}

export const addOperator = async (
  given: string | undefined,
  { user: named, role }: AddOptions,
  context: Context,
): Promise<void> => {
  if ((given === undefined || named === undefined) && !mayAsk({}, context)) {
    throw new MeanderError('USAGE', given === undefined ? 'No login was named.' : 'No user was named.', {
      hint: 'meanderctl operators add LOGIN --user EMAIL',
    })
  }
  const { operators } = await context.service()
  const login = given ?? (await askText('Which PostgreSQL login is to be an operator?', context))
  const rights = role === 'auditor' ? 'look only at what' : 'do what'
  const user =
    named ?? (await askText(`For which user? The login may ${rights} this user may. E-mail or id:`, context))
  await context.show.item(operatorChangeView, await operators.add({ login, user, role: role ?? null }))
}
