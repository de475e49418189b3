import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { operatorChangeView } from '../../views/operator.view.ts'
import { parseOperator } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { askOperator, requireLogin } from './ask-operator.ts'

export const registerEnable = (parent: Command, context: Context, run = enableOperator): void => {
  teach(parent.command('enable'), {
    examples: [['Back from leave', 'meanderctl operators enable ada']],
    ends: [...endsOfLook, 'UNKNOWN'],
    unlike: { 'users reinstate': 'gives a person the account on the platform back' },
  })
    .description('Give a disabled login its rights back')
    .argument('[login]', 'the PostgreSQL login; asked for at a terminal', parseOperator)
    .action((login: string | undefined) => run(login, context))
}

export const enableOperator = async (given: string | undefined, context: Context): Promise<void> => {
  requireLogin(given, {}, context)
  const { operators } = await context.service()
  const login = given ?? (await askOperator('Which login gets its rights back?', operators, true, context))
  await context.show.item(operatorChangeView, await operators.enable(login))
}
