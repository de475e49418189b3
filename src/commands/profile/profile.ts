import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { registerAdd } from './add.ts'
import { registerList } from './list.ts'
import { registerRemove } from './remove.ts'
import { registerShow } from './show.ts'
import { registerUse } from './use.ts'

export const registerProfile = (profile: Command, context: Context): void => {
  registerList(profile, context)
  registerShow(profile, context)
  registerUse(profile, context)
  registerAdd(profile, context)
  registerRemove(profile, context)
}
