import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { registerCheck } from './check.ts'
import { registerRebuild } from './rebuild.ts'
import { registerStatus } from './status.ts'
import { registerSync } from './sync.ts'

export const registerBlocklist = (blocklist: Command, context: Context): void => {
  registerStatus(blocklist, context)
  registerCheck(blocklist, context)
  registerSync(blocklist, context)
  registerRebuild(blocklist, context)
}
