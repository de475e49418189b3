import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { auditEventView } from '../../views/audit-event.view.ts'
import { sessionDetailsView, sessionView } from '../../views/session.view.ts'
import { accessTokenView, refreshTokenView } from '../../views/token.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { mayAsk } from '../shared/asking.ts'
import { parseSession } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { askSession } from './ask-sessions.ts'

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
    .argument('[id]', 'the session; asked for at a terminal', parseSession)
    .option('--mine', 'one of my own, whatever my role')
    .action((id: string | undefined, options: ShowOptions) => run(id, options, context))
  reasonOptions(command)
}

export const showSession = async (
  given: string | undefined,
  options: ShowOptions,
  context: Context,
): Promise<void> => {
  if (given === undefined && !mayAsk({}, context)) {
    throw new MeanderError('USAGE', 'No session was named.', {
      hint: 'Give its id, as meanderctl sessions list shows it.',
    })
  }
  const service = await context.service()
  const purpose = purposeOf(options, context)
  const mine = options.mine ?? false
  const organization = context.settings.organization.value ?? undefined
  const id = given ?? (await askSession(service, { organization, mine, purpose }, context))
  const details = await service.sessions.show(id, mine ? 'own' : 'reach', purpose)
  const { show } = context
  if (show.format !== 'table' && show.format !== 'wide') return show.item(sessionDetailsView, details)

  await show.item(sessionView, details.session)
  await show.section('Refresh chain', refreshTokenView, details.chain)
  await show.section('Live access tokens', accessTokenView, details.accessTokens)
  await show.section('Record', auditEventView, details.auditEvents)
}
