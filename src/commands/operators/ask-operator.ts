import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { Operators } from '../../service/operators.ts'
import { operatorChoiceView } from '../../views/operator.view.ts'
import { askOne, mayAsk } from '../shared/asking.ts'

/** @throws MeanderError USAGE where a login was left out and nobody can be asked. */
export const requireLogin = (
  login: string | undefined,
  options: { yes?: boolean },
  context: Context,
): void => {
  if (login !== undefined || mayAsk(options, context)) return
  throw new MeanderError('USAGE', 'No login was named.', {
    hint: 'Give it, as meanderctl operators list shows it.',
  })
}

/** A login of those that are registered. */
export const askOperator = async (
  question: string,
  operators: Operators,
  disabled: boolean | null,
  context: Context,
): Promise<string> => {
  const all = await operators.list()
  const fitting = all.filter(({ disabledAt }) => disabled === null || (disabledAt !== null) === disabled)
  return (await askOne(question, operatorChoiceView, fitting, context)).login
}
