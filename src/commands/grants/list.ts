import { type Command, Option } from 'commander'
import type { Context } from '../../context.ts'
import type { GrantSelector } from '../../service/grants.ts'
import { grantView } from '../../views/grant.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { type ListingOptions, limitOf, listingOptions, sayCut } from '../shared/listing.ts'
import { parseGrantee, parseOrganization } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

interface GrantListOptions extends ListingOptions, ReasonOptions {
  readonly org?: string
  readonly to?: string
  readonly state?: NonNullable<GrantSelector['state']>
}

export const registerList = (parent: Command, context: Context, run = listGrants): void => {
  const command = teach(parent.command('list'), {
    examples: [
      ['Who may look in from outside', 'meanderctl grants list'],
      ['One person’s', 'meanderctl grants list --to gro@meander.example -o id'],
    ],
    ends: endsOfLook,
  })
    .description('List support access grants, with what each opened: sessions, reads, acts')
    .option('--org <slug|id>', 'of this organization', parseOrganization)
    .option('--to <email|id>', 'to this global admin', parseGrantee)
    .addOption(
      new Option('--state <state>', 'in this state (default active)').choices([
        'active',
        'expired',
        'revoked',
        'any',
      ]),
    )
    .action((options: GrantListOptions) => run(options, context))
  reasonOptions(listingOptions(command))
}

export const listGrants = async (options: GrantListOptions, context: Context): Promise<void> => {
  const limit = limitOf(options, context)
  const organization = options.org ?? context.settings.organization.value
  const given = { organization, to: options.to, state: options.state }
  const selector = Object.fromEntries(Object.entries(given).filter(([, value]) => value != null))
  const query = { selector, cursor: options.cursor ?? null }
  const { grants } = await context.service()
  const purpose = purposeOf(options, context)
  if (limit === null) return context.show.list(grantView, grants.stream(query, purpose))

  const { items, nextCursor } = await grants.list(query, purpose, limit)
  await context.show.list(grantView, items, nextCursor)
  if (items.length === 0) context.terminal.note('No grant matches.')
  sayCut(context, items.length, nextCursor)
}
