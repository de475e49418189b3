import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { registerCheckpoint } from './checkpoint.ts'
import { registerExport } from './export.ts'
import { registerList } from './list.ts'
import { registerTimeline } from './timeline.ts'
import { registerVerify } from './verify.ts'

export const registerAudit = (audit: Command, context: Context): void => {
  registerList(audit, context)
  registerTimeline(audit, context)
  registerVerify(audit, context)
  registerExport(audit, context)
  registerCheckpoint(audit, context)
}
