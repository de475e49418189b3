import { type Command, Option } from 'commander'
import type { Context } from '../../context.ts'
import { userView } from '../../views/user.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { type ListingOptions, limitOf, listingOptions, sayCut } from '../shared/listing.ts'
import { parseOrganization, parseText } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

interface UserListOptions extends ListingOptions, ReasonOptions {
  readonly org?: string
  readonly search?: string
  readonly role?: string
  readonly status?: 'active' | 'deactivated'
}

export const registerList = (parent: Command, context: Context, run = listUsers): void => {
  const command = teach(parent.command('list'), {
    examples: [
      ['Who is there', 'meanderctl users list --org hlf'],
      [
        'A list to off-board',
        'meanderctl users list --search volunteer- --role member -o csv --columns email > season.csv',
      ],
    ],
    ends: endsOfLook,
  })
    .description('List users within reach, with their active sessions')
    .option('--org <slug|id>', 'of this organization', parseOrganization)
    .option('--search <text>', 'whose e-mail or name begins with this', parseText)
    .addOption(
      new Option('--role <role>', 'with this role').choices([
        'member',
        'peer_mentor',
        'coordinator',
        'org_admin',
      ]),
    )
    .addOption(new Option('--status <status>', 'with this status').choices(['active', 'deactivated']))
    .action((options: UserListOptions) => run(options, context))
  reasonOptions(listingOptions(command))
}

export const listUsers = async (options: UserListOptions, context: Context): Promise<void> => {
  const limit = limitOf(options, context)
  const organization = options.org ?? context.settings.organization.value
  const given = { organization, search: options.search, role: options.role, status: options.status }
  const selector = Object.fromEntries(Object.entries(given).filter(([, value]) => value != null))
  const query = { selector, cursor: options.cursor ?? null }
  const { users } = await context.service()
  const purpose = purposeOf(options, context)
  if (limit === null) return context.show.list(userView, users.stream(query, purpose))

  const { items, nextCursor } = await users.list(query, purpose, limit)
  await context.show.list(userView, items, nextCursor)
  if (items.length === 0) context.terminal.note('No user matches.')
  sayCut(context, items.length, nextCursor)
}
