import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { auditEventView } from '../../views/audit-event.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../acting.ts'
import { type ListingOptions, limitOf, listingOptions, sayCut } from '../listing.ts'
import { parseText, parseTime } from '../parsers.ts'

interface AuditOptions extends ListingOptions, ReasonOptions {
  readonly org?: string
  readonly since?: string
  readonly until?: string
  readonly actor?: string
  readonly action?: string
  readonly target?: string
}

export const registerList = (parent: Command, context: Context, run = listEvents): void => {
  const command = parent
    .command('list')
    .description('List the record: who ended whose access, when and why')
    .option('--org <slug|id>', 'of this organization', parseText)
    .option('--since <time>', 'from this moment on', parseTime)
    .option('--until <time>', 'before this moment', parseTime)
    .option('--actor <login>', 'by this login', parseText)
    .option('--action <action>', 'this action, such as session.revoked', parseText)
    .option('--target <id>', 'about this session, user, operator or organization', parseText)
    .action((options: AuditOptions) => run(options, context))
  reasonOptions(listingOptions(command))
}

export const listEvents = async (options: AuditOptions, context: Context): Promise<void> => {
  const { org, since, until, actor, action, target, ticket } = options
  const limit = limitOf(options, context)
  const organization = org ?? context.settings.organization.value
  const given = { organization, since, until, actor, action, target, ticket }
  const selector = Object.fromEntries(Object.entries(given).filter(([, value]) => value != null))
  const query = { selector, cursor: options.cursor ?? null }
  const { audit } = await context.service()
  const purpose = purposeOf(options, context)
  if (limit === null) return context.show.list(auditEventView, audit.stream(query, purpose))

  const { items, nextCursor } = await audit.list(query, purpose, limit)
  await context.show.list(auditEventView, items, nextCursor)
  if (items.length === 0) context.terminal.note('No event matches.')
  sayCut(context, items.length, nextCursor)
}
