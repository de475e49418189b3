import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { registerAdd } from './add.ts'
import { registerEnable } from './enable.ts'
import { registerEnd } from './end.ts'
import { registerList } from './list.ts'

export const registerOperators = (operators: Command, context: Context): void => {
  registerList(operators, context)
  registerAdd(operators, context)
  registerEnable(operators, context)
  registerEnd(operators, 'disable', context)
  registerEnd(operators, 'remove', context)
}
