import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { registerList } from './list.ts'
import { registerRevoke } from './revoke.ts'
import { registerShow } from './show.ts'

export const registerSessions = (sessions: Command, context: Context): void => {
  registerList(sessions, context)
  registerShow(sessions, context)
  registerRevoke(sessions, context)
}
