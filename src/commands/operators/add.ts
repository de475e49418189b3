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
      ['After a restore', 'meanderctl operators add ada'],
      ['Who only looks', 'meanderctl operators add revisor --user ada@hlf.example --role auditor'],
    ],
    ends: [...endsOfLook, 'UNKNOWN'],
    unlike: { 'grants create': 'lets platform staff into an organization' },
    notes:
      'The login itself is made in PostgreSQL before. One that was registered before needs no --user: it is bound anew as it was.',
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
  const mayBeAsked = mayAsk({}, context)
  const hint = 'meanderctl operators add LOGIN --user EMAIL'
  if (given === undefined && !mayBeAsked) throw new MeanderError('USAGE', 'No login was named.', { hint })
  const { operators } = await context.service()
  const login = given ?? (await askText('Which PostgreSQL login is to be an operator?', context))
  if (named === undefined && role === undefined) {
    const rebound = await operators.rebind(login)
    if (rebound) return context.show.item(operatorChangeView, rebound)
  }
  if (named === undefined && !mayBeAsked) throw new MeanderError('USAGE', 'No user was named.', { hint })
  const rights = role === 'auditor' ? 'look only at what' : 'do what'
  const user =
    named ?? (await askText(`For which user? The login may ${rights} this user may. E-mail or id:`, context))
  await context.show.item(operatorChangeView, await operators.add({ login, user, role: role ?? null }))
}
