import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { registerList } from './list.ts'
import { registerPolicy } from './policy.ts'
import { registerRevoke } from './revoke.ts'
import { registerShow } from './show.ts'
import { registerStats } from './stats.ts'
import { registerSweep } from './sweep.ts'
import { registerWatch } from './watch.ts'

export const registerSessions = (sessions: Command, context: Context): void => {
  registerList(sessions, context)
  registerShow(sessions, context)
  registerRevoke(sessions, context)
  registerStats(sessions, context)
  registerWatch(sessions, context)
  registerSweep(sessions, context)
  registerPolicy(sessions, context)
}
