import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { auditEventView } from '../../views/audit-event.view.ts'
import { grantDetailsView, grantView } from '../../views/grant.view.ts'
import { sessionView } from '../../views/session.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { mayAsk } from '../shared/asking.ts'
import { parseGrant } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { askGrant } from './ask-grants.ts'

export const registerShow = (parent: Command, context: Context, run = showGrant): void => {
  const command = teach(parent.command('show'), {
    examples: [
      [
        'What was done under it',
        'meanderctl grants show 0192f6b4-7e0a-4c55-9a61-0c8c1f1f7d3e --ticket SUP-3',
      ],
      ['For the file', 'meanderctl grants show 0192f6b4-7e0a-4c55-9a61-0c8c1f1f7d3e -o json > SUP-3.json'],
    ],
    ends: endsOfLook,
  })
    .description('Show one grant: its sessions, and what its holder looked at and did')
    .argument('[id]', 'the grant; asked for at a terminal', parseGrant)
    .action((id: string | undefined, options: ReasonOptions) => run(id, options, context))
  reasonOptions(command)
}

export const showGrant = async (
  given: string | undefined,
  options: ReasonOptions,
  context: Context,
): Promise<void> => {
  if (given === undefined && !mayAsk({}, context)) {
    throw new MeanderError('USAGE', 'No grant was named.', {
      hint: 'Give its id, as meanderctl grants list shows it.',
    })
  }
  const { grants } = await context.service()
  const purpose = purposeOf(options, context)
  const details = await grants.show(given ?? (await askGrant(grants, purpose, context)), purpose)
  const { show } = context
  if (show.format !== 'table' && show.format !== 'wide') return show.item(grantDetailsView, details)

  await show.item(grantView, details.grant)
  await show.section('Sessions', sessionView, details.sessions)
  await show.section('Record', auditEventView, details.auditEvents)
}
