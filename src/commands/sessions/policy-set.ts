import { type Command, InvalidArgumentError } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type {
  Policies,
  PolicyChange,
  PolicyChanges,
  PolicyOrder,
  PolicyOutcome,
} from '../../service/sessions/policies.ts'
import { changedLimits, changedLimitView, limitNames } from '../../views/policy.view.ts'
import {
  type ActOptions,
  askPurpose,
  bulkOptions,
  confirm,
  counted,
  type Purpose,
  purposeOf,
  refuseTooMany,
  refuseUnasked,
  unasked,
} from '../shared/acting.ts'
import { mayAsk } from '../shared/asking.ts'
import { parseDuration, parseOrganization, problemOf } from '../shared/parsers.ts'
import { sayResidual, tellLeftOver } from '../shared/residual.ts'
import { endsOfEnding, teach } from '../shared/teaching.ts'

interface PolicySetOptions extends ActOptions {
  readonly org?: string
  readonly idleTimeout?: string
  readonly absoluteLifetime?: string
  readonly maxSupportAccess?: string
}

const off = 'off'

/** A duration as the database takes it, or `off`. */
const parseLimit = (value: string): string => {
  try {
    return value === off ? off : parseDuration(value)
  } catch {
    throw new InvalidArgumentError('A limit looks like 90s, 15m, 12h, 7d, 2w or 1d12h, or is off.')
  }
}

export const registerPolicySet = (parent: Command, context: Context, run = setPolicy): void => {
  const command = teach(parent.command('set'), {
    examples: [
      [
        'Half an hour without activity',
        'meanderctl sessions policy set --idle-timeout 30m --reason "new guideline" --dry-run',
      ],
    ],
    ends: endsOfEnding,
    notes:
      'What is not named stays as it is. The policy counts at once for every session of the organization. A longer limit brings back nothing that was swept, and a session that began under a shorter lifetime keeps that end.',
  })
    .description('Set when sessions end by themselves, old ones too, and end what that cuts off')
    .option('--org <slug|id>', 'of this organization, which is your own', parseOrganization)
    .option('--idle-timeout <duration|off>', 'without activity for so long (at least 1m)', parseLimit)
    .option('--absolute-lifetime <duration|off>', 'so long after they began', parseLimit)
    .option('--max-support-access <duration|off>', 'longest support access grant (off: 3d)', parseLimit)
    .action((options: PolicySetOptions) => run(options, context))
  bulkOptions(command, 'sessions that end now')
}

export const setPolicy = async (options: PolicySetOptions, context: Context): Promise<void> => {
  const guided = limitKeys.every((key) => options[key] === undefined) && mayAsk(options, context)
  const given = guided ? null : changesOf(options)
  refuseUnasked(options, context)
  const { policies, blocklist } = await context.service()
  const organization = options.org ?? context.settings.organization.value ?? null
  const changes = given ?? (await askLimits(policies, organization, purposeOf(options, context), context))
  const request =
    options.requestId === undefined || options.dryRun
      ? null
      : {
          id: options.requestId,
          command: 'sessions policy set',
          arguments: { organization, changes },
        }
  const first = request && (await policies.recall(request))
  if (first) return showOutcome(first, options, context)

  const purpose = await askPurpose(options, context, { guided })
  const order: PolicyOrder = { organization, changes, purpose, requestId: request?.id ?? null }
  if (options.dryRun) {
    const outcome = await policies.dryRun(order)
    refuseMore(outcome.change, options)
    return showOutcome(outcome, options, context)
  }
  const sure = unasked(options, context)
  if (!sure || options.maxAffected !== undefined) {
    const change = await policies.preview(order)
    refuseMore(change, options)
    if (!sure) await ask(change, options, context)
  }
  const outcome = await policies.set(order, request, context.signal)
  await showOutcome(outcome, options, context)
  await tellLeftOver(outcome.blocklist, blocklist, context)
}

const refuseMore = ({ endNow: { sessions } }: PolicyChange, options: PolicySetOptions): void =>
  refuseTooMany(sessions, options, `${counted(sessions, 'session')} would end now`, 'Set a longer limit')

const limitKeys = ['idleTimeout', 'absoluteLifetime', 'maxSupportAccess'] as const

/** Each limit as it is now, and what it is to be. @throws MeanderError DECLINED when all stay as they are. */
const askLimits = async (
  policies: Policies,
  organization: string | null,
  purpose: Purpose,
  context: Context,
): Promise<PolicyChanges> => {
  const [policy] = await policies.show(organization, purpose)
  const limits: { -readonly [key in keyof PolicyChanges]: string | null } = {}
  for (const key of limitKeys) {
    const question = `${capital(limitNames[key])}, now ${policy?.[key] ?? off}: a duration such as 12h or 30d, or off (empty: as it is):`
    const typed = await context.terminal.prompt.text(question, {
      validate: (text) => (text.trim() === '' ? true : (problemOf(parseLimit, text.trim()) ?? true)),
    })
    const limit = typed.trim() === '' ? undefined : parseLimit(typed.trim())
    if (limit !== undefined) limits[key] = limit === off ? null : limit
  }
  if (Object.keys(limits).length > 0) return limits
  throw new MeanderError('DECLINED', 'Every limit stays as it is: nothing was changed.')
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

/** @throws MeanderError USAGE when nothing is to be set. */
const changesOf = (options: PolicySetOptions): PolicyChanges => {
  const named = limitKeys.filter((key) => options[key] !== undefined)
  if (named.length > 0) {
    return Object.fromEntries(named.map((key) => [key, options[key] === off ? null : options[key]]))
  }
  throw new MeanderError('USAGE', 'Nothing was named to be set.', {
    hint: 'Give --idle-timeout, --absolute-lifetime or --max-support-access.',
  })
}

const ask = async (change: PolicyChange, options: PolicySetOptions, context: Context): Promise<void> => {
  await context.show.preview(changedLimitView, changedLimits(change))
  sayRaised(change, context)
  await confirm(options, context, `In ${change.organization}, ${effect(change)}. Go on?`)
}

const effect = ({ activeSessions, endNow, endWithinDay }: PolicyChange): string => {
  const of = ({ sessions, users }: PolicyChange['endNow']) =>
    `${counted(sessions, 'session')} of ${counted(users, 'user')}`
  return `${of(endNow)} out of ${activeSessions} active end now, ${of(endWithinDay)} within 24 hours unless they are used`
}

const sayRaised = ({ idleTimeoutRaised, policy }: PolicyChange, { terminal }: Context): void => {
  if (!idleTimeoutRaised) return
  terminal.warn(`Activity is written once a minute at most: the idle timeout is ${policy.idleTimeout}.`)
}

const showOutcome = async (
  { change, swept, cause, ...settled }: PolicyOutcome,
  options: PolicySetOptions,
  context: Context,
): Promise<void> => {
  const dryRun = options.dryRun ?? false
  const { organizationId, organization, activeSessions, endNow, endWithinDay } = change
  const result = {
    requestId: dryRun ? null : (options.requestId ?? null),
    dryRun,
    organizationId,
    organization,
    changed: change.changed,
    summary: { activeSessions, endNow, endWithinDay, ...swept },
    ...settled,
    items: changedLimits(change),
  }
  await context.show.result('SessionPolicyResult', changedLimitView, result)
  sayRaised(change, context)
  const { terminal } = context
  terminal.note(`${effect(change)}.`)
  if (!dryRun) {
    terminal.note(
      `${counted(swept.sessionsRevoked, 'session')} swept; ${counted(swept.refreshTokensRevoked, 'refresh token')} ended, ${counted(swept.accessTokensBlocked, 'access token')} blocked.`,
    )
  }
  if (swept.skipped > 0) {
    terminal.warn(
      `${counted(swept.skipped, 'session')} could not be swept yet. Finish it: meanderctl sessions sweep`,
    )
  }
  sayResidual(settled.residualAccess, cause, context)
}
