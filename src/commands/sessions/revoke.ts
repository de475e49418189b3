import { type Command, Option } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { Session, SessionSelector, Sessions } from '../../service/sessions/sessions.ts'
import { sessionView } from '../../views/session.view.ts'
import {
  type ActOptions,
  askPurpose,
  bulkOptions,
  confirmAct,
  counted,
  type Purpose,
  purposeOf,
  refuseTooMany,
  refuseUnasked,
  unasked,
} from '../shared/acting.ts'
import { mayAsk } from '../shared/asking.ts'
import { collectActiveSessions, parseFile } from '../shared/parsers.ts'
import {
  makePlan,
  type PlanContents,
  type PlanOptions,
  planOptions,
  refuseUnplannable,
} from '../shared/planning.ts'
import { sayPending } from '../shared/residual.ts'
import { type Selection, type SelectorOptions, selectionOf, selectorOptions } from '../shared/selectors.ts'
import { showRevocation } from '../shared/show-revocation.ts'
import { endsOfEnding, teach } from '../shared/teaching.ts'
import { askSessions } from './ask-sessions.ts'
import { readIds } from './read-ids.ts'

interface RevokeOptions extends SelectorOptions, ActOptions, PlanOptions {
  readonly except?: readonly string[]
  readonly from?: string
}

export const registerRevoke = (parent: Command, context: Context, run = revokeSessions): void => {
  const command = teach(parent.command('revoke'), {
    examples: [
      [
        'A lost phone',
        'meanderctl sessions revoke 0192f6b4-7e0a-4c55-9a61-0c8c1f1f7d3e --reason "lost phone" --ticket HELP-1021 --yes',
      ],
      [
        'What an address has in its hands',
        'meanderctl trace 203.0.113.9 -o id | meanderctl sessions revoke --from - --reason "stolen token" --ticket INC-42 --max-affected 10 --yes',
      ],
      [
        'Freeze a large act, for somebody else to apply',
        'meanderctl sessions revoke --org hlf --created-before 2026-03-01T12:00:00Z --plan hlf.plan --max-affected 5000 --reason "signing key leaked" --ticket INC-77',
      ],
    ],
    ends: endsOfEnding,
    unlike: {
      'users sign-out': 'ends all that a user has when it runs, one event per user',
      'users offboard': 'also keeps the user from logging in again',
      'grants revoke': 'ends a support access grant, and the sessions under it',
      'sessions sweep': 'ends nobody’s access: records what has ended by itself',
    },
    notes:
      'One audit event per session. Sessions are those that match when you look; whoever is signed out so may log in again.',
  })
    .description('End sessions: refresh refused, access tokens blocked, on the record')
    .argument(
      '[id...]',
      'sessions to end; asked for at a terminal when nothing else is named',
      collectActiveSessions,
    )
    .addOption(new Option('--except <id...>', 'but not these').argParser(collectActiveSessions))
    .option(
      '--from <file>',
      'ids from a file, or - for standard input: one a line, or NDJSON of sessions list',
      parseFile,
    )
    .action((ids: string[], options: RevokeOptions) => run(ids ?? [], options, context))
  bulkOptions(planOptions(selectorOptions(command)), 'sessions')
}

export const revokeSessions = async (
  given: readonly string[],
  options: RevokeOptions,
  context: Context,
): Promise<void> => {
  const selection = selectionOf(options, context)
  const guided = isBare(given, selection, options) && mayAsk(options, context)
  const explicit = given.length > 0 || options.from !== undefined || guided
  refuseEmptySelector(explicit, selection, options)
  const named =
    options.from === undefined ? given : [...given, ...(await readIds(options.from, context.terminal))]
  if (options.plan === undefined) refuseUnasked(options, context)
  else refuseUnplannable(options, context)

  const service = await context.service()
  const { sessions, blocklist } = service
  const { organization } = selection.selector
  const ids = guided
    ? await askSessions(service, { organization, mine: false, purpose: purposeOf(options, context) }, context)
    : named
  const request =
    options.requestId === undefined
      ? null
      : {
          id: options.requestId,
          command: 'sessions revoke',
          arguments: argumentsOf(explicit ? ids : null, options),
        }
  const first = request && !options.dryRun ? await sessions.recall(request) : null
  if (first) return showRevocation(first, context)

  const targets = explicit ? new Set(ids) : null
  const selector: SessionSelector = targets
    ? { ...selection.selector, ids: [...targets], state: 'any' }
    : selection.selector
  const found = await lookUp(sessions, { ...selection, selector }, options, context)
  const except = new Set(options.except)
  const frozen = (targets ? [...targets] : found.map(({ id }) => id)).filter((id) => !except.has(id))
  refuseTooMany(
    frozen.length,
    options,
    `${counted(frozen.length, 'session')} would be ended`,
    'Narrow the selection',
  )
  const purpose = await askPurpose(options, context, { guided })
  if (options.plan !== undefined) {
    const kept = found.filter(({ id }) => !except.has(id))
    return makePlan(options, planOf(frozen, kept, explicit ? null : selection.selector, purpose), context)
  }
  if (frozen.length > 0)
    await ask(
      found.filter(({ id }) => !except.has(id)),
      frozen.length,
      selection,
      options,
      context,
    )

  const outcome = await sessions.revoke(
    {
      ids: frozen,
      scope: selection.scope,
      organizations:
        found.length > 0 ? [...new Set(found.map(({ organizationId }) => organizationId))] : null,
      purpose,
      dryRun: options.dryRun ?? false,
      request,
    },
    context.signal,
  )
  await showRevocation(outcome, context)
  // What matches may have been ended by a run that was killed before it told Redis.
  if (frozen.length === 0 && selection.scope === 'reach' && !options.dryRun) {
    sayPending(await blocklist.sync(), context)
  }
}

/** Nothing says which sessions: a person is asked, a pipe is refused. */
const isBare = (given: readonly string[], { narrowedBy }: Selection, options: RevokeOptions): boolean =>
  given.length + narrowedBy.length === 0 && options.from === undefined && options.state === undefined

/** An empty selector is never "all". */
const refuseEmptySelector = (explicit: boolean, { narrowedBy }: Selection, options: RevokeOptions): void => {
  const others = narrowedBy.filter((name) => name !== 'mine' && name !== 'org')
  if (explicit && (others.length > 0 || options.state !== undefined)) {
    throw new MeanderError('USAGE', 'Sessions are named either by id or by selectors, not both.', {
      hint: 'Leave out the ids, or the selectors.',
    })
  }
  if (!explicit && narrowedBy.length === 0) {
    throw new MeanderError('USAGE', 'Nothing was selected: an empty selector is never "all".', {
      hint: 'Name session ids, a selector such as --user, or --org for a whole organization.',
    })
  }
  if (
    wholeOrganization(explicit, narrowedBy) &&
    options.yes &&
    !options.dryRun &&
    options.maxAffected === undefined
  ) {
    throw new MeanderError('USAGE', 'A whole organization with --yes needs --max-affected.', {
      hint: 'Give --max-affected N: more sessions than that are refused, and nothing is changed.',
    })
  }
}

const wholeOrganization = (explicit: boolean, narrowedBy: readonly string[]): boolean =>
  !explicit && narrowedBy.length === 1 && narrowedBy[0] === 'org'

/** The frozen set, as the person will confirm it. @throws MeanderError NOT_FOUND when nothing matches in any state. */
const lookUp = async (
  sessions: Sessions,
  selection: Selection,
  options: RevokeOptions,
  context: Context,
): Promise<Session[]> => {
  const purpose = purposeOf(options, context)
  const { ids } = selection.selector
  const found: Session[] = []
  if (ids) {
    for (let from = 0; from < ids.length; from += idsAtOnce) {
      const selector = { ...selection.selector, ids: ids.slice(from, from + idsAtOnce) }
      for await (const session of sessions.stream({ ...selection, selector, cursor: null }, purpose))
        found.push(session)
    }
    return found
  }
  for await (const session of sessions.stream({ ...selection, cursor: null }, purpose)) found.push(session)
  if (found.length > 0) return found

  const anyState = {
    ...selection,
    selector: { ...selection.selector, state: 'any' as const },
    sort: 'created' as const,
  }
  const { items } = await sessions.list({ ...anyState, cursor: null }, purpose, 1)
  if (items.length === 0) {
    throw new MeanderError('NOT_FOUND', 'No session matches, in any state.', {
      hint: 'See what there is: meanderctl sessions list',
    })
  }
  context.terminal.note('Nothing to end: what matches has ended before.')
  return found
}

/** Ids that one call takes. */
const idsAtOnce = 5000
const previewed = 10

const ask = async (
  found: readonly Session[],
  count: number,
  selection: Selection,
  options: RevokeOptions,
  context: Context,
): Promise<void> => {
  if (unasked(options, context)) return
  await context.show.preview(sessionView, found.slice(0, previewed))
  if (found.length > previewed) context.terminal.note(`… and ${found.length - previewed} more.`)
  const users = new Set(found.map(({ userId }) => userId)).size
  const places = [...new Set(found.map(({ organization }) => organization))].join(', ')
  const consequence = `${counted(count, 'session')} of ${counted(users, 'user')}${places && ` in ${places}`} will end; each must log in again.`
  const [organization] = new Set(found.map((session) => session.organization))
  const explicit = selection.selector.ids !== undefined || options.from !== undefined
  const word = wholeOrganization(explicit, selection.narrowedBy) && organization ? organization : null
  await confirmAct(options, context, { consequence, count, word })
}

/** The same set, for somebody to end later. */
const planOf = (
  ids: readonly string[],
  found: readonly Session[],
  selector: SessionSelector | null,
  purpose: Purpose,
): PlanContents => {
  const sessions = new Map(found.map((session) => [session.id, session]))
  // An id that nobody here has: the database refuses it, unknown or foreign alike.
  const nobody = { userId: nil, userEmail: null, deviceName: null, kind: null, state: 'unknown' }
  return {
    act: 'revoke_sessions',
    items: ids.map((id) => {
      const { userId, userEmail, deviceName, kind, state } = sessions.get(id) ?? nobody
      return { id, userId, email: userEmail, what: deviceName ?? kind, state, reason: null, ticket: null }
    }),
    organizations: [...new Set(found.map(({ organization }) => organization))],
    selector,
    purpose,
  }
}

const nil = '00000000-0000-0000-0000-000000000000'

/** What a repeat with the same request id must repeat. */
const argumentsOf = (ids: readonly string[] | null, options: RevokeOptions): object => {
  const { yes: _, requestId: __, dryRun: ___, from: ____, ...rest } = options
  return { ...rest, ids }
}
