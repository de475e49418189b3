import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { auditEventView } from '../../views/audit-event.view.ts'
import { sessionView } from '../../views/session.view.ts'
import { heldGrantView, userDetailsView, userView } from '../../views/user.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { askUser, mayAsk } from '../shared/asking.ts'
import { parseUser } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

export const registerShow = (parent: Command, context: Context, run = showUser): void => {
  const command = teach(parent.command('show'), {
    examples: [['What a person has', 'meanderctl users show ada@hlf.example']],
    ends: endsOfLook,
  })
    .description('Show one user: sessions, support access grants, record')
    .argument('[email|id]', 'the user; asked for at a terminal', parseUser)
    .action((user: string | undefined, options: ReasonOptions) => run(user, options, context))
  reasonOptions(command)
}

export const showUser = async (
  given: string | undefined,
  options: ReasonOptions,
  context: Context,
): Promise<void> => {
  if (given === undefined && !mayAsk({}, context)) {
    throw new MeanderError('USAGE', 'No user was named.', { hint: 'Give an e-mail address or an id.' })
  }
  const service = await context.service()
  const purpose = purposeOf(options, context)
  const organization = context.settings.organization.value
  const within = organization === null ? {} : { organization }
  const user = given ?? (await askUser('Show which user?', service, { ...within, purpose }, context))
  const details = await service.users.show(user, purpose)
  const { show } = context
  if (show.format !== 'table' && show.format !== 'wide') return show.item(userDetailsView, details)

  await show.item(userView, details.user)
  await show.section('Sessions', sessionView, details.sessions)
  await show.section('Support access grants', heldGrantView, details.grants)
  await show.section('Record', auditEventView, details.auditEvents)
}
