import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { auditEventView } from '../../views/audit-event.view.ts'
import { sessionView } from '../../views/session.view.ts'
import { heldGrantView, userDetailsView, userView } from '../../views/user.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { parseText } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

export const registerShow = (parent: Command, context: Context, run = showUser): void => {
  const command = teach(parent.command('show'), {
    examples: [['What a person has', 'meanderctl users show ada@hlf.example']],
    ends: endsOfLook,
  })
    .description('Show one user: sessions, support access grants, record')
    .argument('<email|id>', 'the user', parseText)
    .action((user: string, options: ReasonOptions) => run(user, options, context))
  reasonOptions(command)
}

export const showUser = async (user: string, options: ReasonOptions, context: Context): Promise<void> => {
  const { users } = await context.service()
  const details = await users.show(user, purposeOf(options, context))
  const { show } = context
  if (show.format !== 'table' && show.format !== 'wide') return show.item(userDetailsView, details)

  await show.item(userView, details.user)
  await show.section('Sessions', sessionView, details.sessions)
  await show.section('Support access grants', heldGrantView, details.grants)
  await show.section('Record', auditEventView, details.auditEvents)
}
