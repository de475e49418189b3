import { type Command, Option } from 'commander'
import type { Context } from '../../context.ts'
import { operatorChangeView } from '../../views/operator.view.ts'
import { parseText } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

interface AddOptions {
  readonly user: string
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
    .argument('<login>', 'the PostgreSQL login', parseText)
    .requiredOption('--user <email|id>', 'the platform user that it acts for', parseText)
    .addOption(new Option('--role <role>', 'look only, whatever the user’s role').choices(['auditor']))
    .action((login: string, options: AddOptions) => run(login, options, context))
}

export const addOperator = async (
  login: string,
  { user, role }: AddOptions,
  context: Context,
): Promise<void> => {
  const { operators } = await context.service()
  await context.show.item(operatorChangeView, await operators.add({ login, user, role: role ?? null }))
}
