import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { operatorView } from '../../views/operator.view.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

export const registerList = (parent: Command, context: Context, run = listOperators): void => {
  teach(parent.command('list'), {
    examples: [
      ['Who may operate', 'meanderctl operators list'],
      ['For whom, and whether it is bound', 'meanderctl operators list --columns organization,login,state'],
    ],
    ends: endsOfLook,
  })
    .description('List the logins that may operate, and for whom')
    .action(() => run(context))
}

export const listOperators = async (context: Context): Promise<void> => {
  const { operators } = await context.service()
  const items = await operators.list()
  await context.show.list(operatorView, items)
  if (items.length === 0)
    context.terminal.note('No operator yet: meanderctl operators add LOGIN --user EMAIL')
}
