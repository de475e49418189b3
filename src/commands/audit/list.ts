import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { auditEventView } from '../../views/audit-event.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { type ListingOptions, limitOf, listingOptions, sayCut } from '../shared/listing.ts'
import { type FilterOptions, filterOptions, selectorOf, ticketFilter } from './filters.ts'

type AuditOptions = FilterOptions & ListingOptions & ReasonOptions

export const registerList = (parent: Command, context: Context, run = listEvents): void => {
  const command = parent
    .command('list')
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
