import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { registerList } from './list.ts'

export const registerAudit = (audit: Command, context: Context): void => {
  registerList(audit, context)
}
