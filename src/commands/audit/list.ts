import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { auditEventView } from '../../views/audit-event.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { type ListingOptions, limitOf, listingOptions, sayCut } from '../shared/listing.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { type FilterOptions, filterOptions, selectorOf, ticketFilter } from './filters.ts'

type AuditOptions = FilterOptions & ListingOptions & ReasonOptions

export const registerList = (parent: Command, context: Context, run = listEvents): void => {
  const command = teach(parent.command('list'), {
    examples: [['Everything of a case', 'meanderctl audit list --ticket HR-7']],
    ends: endsOfLook,
    unlike: {
      'audit timeline': 'tells an incident in order, with durations',
      'audit export': 'writes the record out with its proof',
    },
  })
    .description('List the record: who ended whose access, when and why')
    .action((options: AuditOptions) => run(options, context))
  reasonOptions(listingOptions(filterOptions(command)), ticketFilter)
}

export const listEvents = async (options: AuditOptions, context: Context): Promise<void> => {
  const limit = limitOf(options, context)
  const query = { selector: selectorOf(options, context), cursor: options.cursor ?? null }
  const { audit } = await context.service()
  const purpose = purposeOf(options, context)
  if (limit === null) return context.show.list(auditEventView, audit.stream(query, purpose))

  const { items, nextCursor } = await audit.list(query, purpose, limit)
  await context.show.list(auditEventView, items, nextCursor)
  if (items.length === 0) context.terminal.note('No event matches.')
  sayCut(context, items.length, nextCursor)
}
