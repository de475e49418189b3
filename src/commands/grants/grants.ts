import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { registerCreate } from './create.ts'
import { registerList } from './list.ts'
import { registerRevoke } from './revoke.ts'
import { registerShow } from './show.ts'

export const registerGrants = (grants: Command, context: Context): void => {
  registerList(grants, context)
  registerShow(grants, context)
  registerCreate(grants, context)
  registerRevoke(grants, context)
}
