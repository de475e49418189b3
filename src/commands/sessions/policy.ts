import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { registerPolicySet } from './policy-set.ts'
import { registerPolicyShow } from './policy-show.ts'

export const registerPolicy = (sessions: Command, context: Context): void => {
  const policy = sessions.command('policy').description('When sessions end by themselves')
  registerPolicyShow(policy, context)
  registerPolicySet(policy, context)
}
