import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { auditEventView } from '../../views/audit-event.view.ts'
import { sessionDetailsView, sessionView } from '../../views/session.view.ts'
import { accessTokenView, refreshTokenView } from '../../views/token.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { parseUuid } from '../shared/parsers.ts'

interface ShowOptions extends ReasonOptions {
  readonly mine?: boolean
}

export const registerShow = (parent: Command, context: Context, run = showSession): void => {
  const command = parent
    .command('show')
    .description('Show one session: refresh chain, live access tokens, record')
    .argument('<id>', 'the session', parseUuid)
    .option('--mine', 'one of my own, whatever my role')
    .action((id: string, options: ShowOptions) => run(id, options, context))
  reasonOptions(command)
}

export const showSession = async (id: string, options: ShowOptions, context: Context): Promise<void> => {
  const { sessions } = await context.service()
  const details = await sessions.show(id, options.mine ? 'own' : 'reach', purposeOf(options, context))
  const { show } = context
  if (show.format !== 'table' && show.format !== 'wide') return show.item(sessionDetailsView, details)

  await show.item(sessionView, details.session)
  await show.section('Refresh chain', refreshTokenView, details.chain)
  await show.section('Live access tokens', accessTokenView, details.accessTokens)
  await show.section('Record', auditEventView, details.auditEvents)
}
