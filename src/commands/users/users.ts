import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { registerAct } from './act.ts'
import { registerList } from './list.ts'
import { registerShow } from './show.ts'
import { registerVerify } from './verify.ts'

export const registerUsers = (users: Command, context: Context): void => {
  registerList(users, context)
  registerShow(users, context)
  registerAct(users, 'sign_out', context)
  registerAct(users, 'offboard', context)
  registerAct(users, 'reinstate', context)
  registerVerify(users, context)
}
