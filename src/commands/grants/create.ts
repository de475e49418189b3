import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { GrantCreation, Grants, NewGrant } from '../../service/grants.ts'
import { grantView } from '../../views/grant.view.ts'
import {
  type ActOptions,
  askPurpose,
  bulkOptions,
  confirm,
  type Purpose,
  refuseUnasked,
  unasked,
} from '../shared/acting.ts'
import { askText, mayAsk } from '../shared/asking.ts'
import { parseDuration, parseGrantee, parseOrganization, parseTime, problemOf } from '../shared/parsers.ts'
import { endsOfAct, teach } from '../shared/teaching.ts'

interface CreateOptions extends ActOptions {
  readonly org?: string
  readonly to?: string
  readonly until?: string
  readonly for?: string
}

export const registerCreate = (parent: Command, context: Context, run = createGrant): void => {
  const command = teach(parent.command('create'), {
    examples: [
      [
        'Two hours',
        'meanderctl grants create --to gro@meander.example --for 2h --reason "signing key leaked" --ticket INC-77 --yes -o id',
      ],
    ],
    ends: endsOfAct,
    unlike: { 'operators add': 'registers a login; it lets nobody into an organization' },
    notes:
      "Whoever is let in sees and may end what an org admin may, each look and act on the organization's record first. At the moment, or at grants revoke, everything opened under the grant ends by itself. Another grant to the same person stands beside the first: it neither lengthens nor shortens it.",
  })
    .description('Let a global admin into the own organization until a moment')
    .option('--org <slug|id>', 'the own organization', parseOrganization)
    .option('--to <email|id>', 'the global admin; asked for at a terminal', parseGrantee)
    .option('--until <time>', 'until then', parseTime)
    .option('--for <duration>', 'for so long from now', parseDuration)
    .action((options: CreateOptions) => run(options, context))
  bulkOptions(command, 'grants')
}

export const createGrant = async (options: CreateOptions, context: Context): Promise<void> => {
  if (options.until !== undefined && options.for !== undefined) throw oneEnd()
  const given = options.until ?? options.for
  const guided = (options.to === undefined || given === undefined) && mayAsk(options, context)
  if (options.to === undefined && !guided) {
    throw new MeanderError('USAGE', 'Nobody was named to be let in.', { hint: 'Give --to EMAIL.' })
  }
  if (given === undefined && !guided) throw oneEnd()
  refuseUnasked(options, context)
  const organization = options.org ?? context.settings.organization.value
  const to = options.to ?? (await askText('Let which global admin in? E-mail address, in full:', context))
  const grant: NewGrant = { organization, to, expires: given ?? (await askEnd(to, context)) }
  const { grants } = await context.service()
  const request =
    options.requestId === undefined
      ? null
      : { id: options.requestId, command: 'grants create', arguments: grant }
  const first = request && !options.dryRun ? await grants.recallCreation(request) : null
  if (first) return showCreation(first, context)

  const purpose = await askPurpose(options, context, { guided })
  await ask(grants, grant, purpose, options, context)
  const order = { purpose, dryRun: options.dryRun ?? false, request }
  await showCreation(await grants.create(grant, order), context)
}

const oneEnd = () =>
  new MeanderError('USAGE', 'A grant has one end.', { hint: 'Give either --until TIME or --for DURATION.' })

/** @returns a duration or a moment as the database takes it. */
const askEnd = async (to: string, { terminal }: Context): Promise<string> => {
  const text = await terminal.prompt.text(
    `For how long may ${to} see and act? A duration such as 8h or 2d:`,
    {
      validate: (typed) => problemOf(parseDuration, typed.trim()) ?? true,
    },
  )
  return parseDuration(text.trim())
}

/** What is confirmed is what a dry run says: who it is, and until when. */
const ask = async (
  grants: Grants,
  grant: NewGrant,
  purpose: Purpose,
  options: CreateOptions,
  context: Context,
): Promise<void> => {
  if (unasked(options, context)) return
  const { items } = await grants.create(grant, { purpose, dryRun: true, request: null })
  const [{ granteeEmail, organization, expiresAt }] = items
  await confirm(
    options,
    context,
    `${granteeEmail} may see ${organization} and act there until ${expiresAt.replace(/\.\d+/, '')}. Go on?`,
  )
}

const showCreation = async (creation: GrantCreation, context: Context): Promise<void> => {
  await context.show.result('GrantResult', grantView, creation)
  const [{ granteeEmail, organization, expiresAt }] = creation.items
  const may = creation.dryRun ? 'would be let into' : 'is let into'
  context.terminal.note(`${granteeEmail} ${may} ${organization} until ${expiresAt}.`)
}
