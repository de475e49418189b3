import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { sessionView } from '../../views/session.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { type ListingOptions, limitOf, listingOptions, sayCut } from '../shared/listing.ts'
import { type SelectorOptions, selectionOf, selectorOptions, sortOption } from '../shared/selectors.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

type ListOptions = SelectorOptions & ListingOptions & ReasonOptions

export const registerList = (parent: Command, context: Context, run = listSessions): void => {
  const command = teach(parent.command('list'), {
    examples: [
      ['What is logged in', 'meanderctl sessions list'],
      ['Everything of one person', 'meanderctl sessions list --user mari@hlf.example'],
      [
        'What was opened under a grant, ended or not',
        'meanderctl sessions list --grant 0192f6b4-7e0a-4c55-9a61-0c8c1f1f7d3e --state any',
      ],
      ['Ids for a pipe', 'meanderctl sessions list --created-before 2026-03-01T12:00:00Z -o id'],
    ],
    ends: endsOfLook,
  })
    .description('List sessions: the preview of a revoke with the same selectors')
    .action((options: ListOptions) => run(options, context))
  reasonOptions(listingOptions(sortOption(selectorOptions(command))))
}

export const listSessions = async (options: ListOptions, context: Context): Promise<void> => {
  const limit = limitOf(options, context)
  const query = { ...selectionOf(options, context), cursor: options.cursor ?? null }
  const { sessions } = await context.service()
  const purpose = purposeOf(options, context)
  if (limit === null && context.show.format === 'ndjson') {
    return context.show.copied(sessionView, sessions.copied(query, purpose))
  }
  if (limit === null) return context.show.list(sessionView, sessions.stream(query, purpose))

  const { items, nextCursor } = await sessions.list(query, purpose, limit)
  await context.show.list(sessionView, items, nextCursor)
  if (items.length === 0) context.terminal.note('No session matches.')
  sayCut(context, items.length, nextCursor)
}
