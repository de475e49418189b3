import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { auditEventView } from '../../views/audit-event.view.ts'
import { sessionDetailsView, sessionView } from '../../views/session.view.ts'
import { accessTokenView, refreshTokenView } from '../../views/token.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { parseUuid } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

interface ShowOptions extends ReasonOptions {
  readonly mine?: boolean
}

export const registerShow = (parent: Command, context: Context, run = showSession): void => {
  const command = teach(parent.command('show'), {
    examples: [
      [
        'Is it over, and what is on the record',
        'meanderctl sessions show 0192f6b4-7e0a-4c55-9a61-0c8c1f1f7d3e --ticket HELP-1021',
      ],
    ],
    ends: endsOfLook,
  })
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
