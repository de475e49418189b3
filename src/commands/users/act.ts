import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { Purpose } from '../../service/on-record.ts'
import { type CheckedRows, checkRows, type UserRows } from '../../service/users/rows.ts'
import { type RememberedRun, type RowOutcome, rememberedRows, UserRun } from '../../service/users/run.ts'
import type { UserAct, Users } from '../../service/users/users.ts'
import {
  type ActOptions,
  askPurpose,
  bulkOptions,
  confirmAct,
  counted,
  purposeOf,
  refuseTooMany,
  refuseUnasked,
  unasked,
} from '../shared/acting.ts'
import { askUser, mayAsk } from '../shared/asking.ts'
import { collectDeactivatedUsers, collectUsers } from '../shared/parsers.ts'
import {
  makePlan,
  type PlanContents,
  type PlanOptions,
  planOptions,
  refuseUnplannable,
} from '../shared/planning.ts'
import { showRun, wentWrong } from '../shared/show-run.ts'
import { teach } from '../shared/teaching.ts'
import { type Verb, verbs } from '../shared/user-verbs.ts'
import { beginReport, type Report } from './report.ts'
import { isBare, largestBatch, openTargets, type TargetOptions, targetOptions, wrongRows } from './targets.ts'

interface ActOnUsersOptions extends ActOptions, TargetOptions, PlanOptions {}

export const registerAct = (parent: Command, act: UserAct, context: Context, run = actOnUsers): void => {
  const verb = verbs[act]
  const command = teach(parent.command(verb.name), verb.teaching)
    .description(verb.description)
    .argument(
      '[user...]',
      'users, by e-mail or id; asked for at a terminal',
      verb.status === 'deactivated' ? collectDeactivatedUsers : collectUsers,
    )
    .action((names: string[], options: ActOnUsersOptions) => run(act, names, options, context))
  const targeted = targetOptions(command)
  bulkOptions(act === 'offboard' ? planOptions(targeted) : targeted, 'users')
}

export const actOnUsers = async (
  act: UserAct,
  names: readonly string[],
  options: ActOnUsersOptions,
  context: Context,
): Promise<void> => {
  const refuse = options.plan === undefined ? refuseUnasked : refuseUnplannable
  if (options.file !== '-') refuse(options, context)
  const guided = isBare(names, options) && mayAsk(options, context)
  const named = guided ? [await askTarget(verbs[act], options, context)] : names
  const source = await openTargets(named, options, context)
  try {
    // Whoever pipes the list in is asked on the controlling terminal, and that stands in only now.
    refuse(options, context)
    const report = await beginReport(options.report, context)
    try {
      await actOnList(verbs[act], source, report, { ...options, guided }, named, context)
    } finally {
      await report?.discard()
    }
  } finally {
    await source.close()
  }
}

/** The person whom nobody named. */
const askTarget = async (verb: Verb, options: ActOnUsersOptions, context: Context): Promise<string> => {
  const organization = options.org ?? context.settings.organization.value
  const narrowed = {
    ...(organization === null ? {} : { organization }),
    ...(verb.status && { status: verb.status }),
    purpose: purposeOf(options, context),
  }
  return askUser(`${verb.whom}?`, await context.service(), narrowed, context)
}

const actOnList = async (
  verb: Verb,
  source: UserRows,
  report: Report | null,
  options: ActOnUsersOptions & { readonly guided: boolean },
  names: readonly string[],
  context: Context,
): Promise<void> => {
  const { users, blocklist } = await context.service()
  const organization = options.org ?? context.settings.organization.value
  const request =
    options.requestId === undefined
      ? null
      : {
          id: options.requestId,
          command: `users ${verb.name}`,
          arguments: { users: names, file: options.file ?? null, organization },
        }
  const first = request && !options.dryRun ? await users.recall<RememberedRun>(request) : null
  if (first) {
    const settled = await blocklist.settle(first.sessions, context.signal)
    for (const item of first.items) await report?.add(item)
    await report?.finish()
    const result = { ...first, ...settled, activeAfter: [], stopped: null }
    return showRun(verb, result, first.items, options, context)
  }

  const purpose = await askPurpose(options, context, options)
  const checked = await checkRows(source, users, { act: verb.act, organization, purpose })
  if (request && checked.total > rememberedRows) {
    throw new MeanderError('USAGE', `--request-id is for ${rememberedRows} users at most.`, {
      hint: 'Leave it out: a list that is run again does what is left to do.',
    })
  }
  await recordRefusals(verb, users, checked, purpose, options)
  const wrong = wrongRows(checked, options)
  if (wrong) {
    if (report) await reportNothingDone(source, checked, report, purpose)
    throw wrong
  }
  refuseTooMany(
    checked.good,
    options,
    `${counted(checked.good, 'user')} would be affected`,
    'Shorten the list',
  )
  if (options.plan !== undefined) {
    return makePlan(options, await planOf(source, checked, purpose), context)
  }
  await ask(verb, checked, users, purpose, options, context)

  const progress = context.terminal.progress(`users ${verb.name}`, checked.total)
  const run = new UserRun(users, blocklist, {
    act: verb.act,
    purpose,
    dryRun: options.dryRun ?? false,
    request,
    batchSize: Math.min(options.batchSize, largestBatch),
    signal: context.signal,
    onProgress: (done) => progress.update(done),
  })
  try {
    const kept = await collect(run.outcomes(source, checked), report, checked.total, context)
    // The report first: whatever comes after, and however soon an interrupted run must end, it is there.
    const unwritten = await report?.finish().then(
      () => null,
      (error: unknown) => error,
    )
    const result = await run.finish()
    progress.stop()
    await showRun(verb, result, kept, options, context)
    if (unwritten) throw unwritten
  } finally {
    progress.stop()
  }
}

/** The same users, for somebody to off-board later. */
const planOf = async (source: UserRows, checked: CheckedRows, purpose: Purpose): Promise<PlanContents> => {
  const items = []
  for await (const { row, email, reason, ticket } of source.rows()) {
    if (checked.problemOf(row)) continue
    const id = checked.userOf(row)
    items.push({ id, userId: id, email: email || null, what: null, state: 'off-board', reason, ticket })
  }
  return { act: 'offboard_users', items, organizations: [...checked.organizations], selector: null, purpose }
}

/** What the look at the list found to be refused is on the record all the same: the database refuses it itself. */
const recordRefusals = async (
  verb: Verb,
  users: Users,
  checked: CheckedRows,
  purpose: Purpose,
  { requestId }: ActOnUsersOptions,
): Promise<void> => {
  const targets = []
  for (const [row, { outcome }] of checked.problems()) {
    if (outcome === 'refused') targets.push({ userId: checked.userOf(row), ...purpose })
  }
  if (targets.length === 0) return
  await users.recordRefusals({ act: verb.act, targets, purpose, dryRun: false, requestId: requestId ?? null })
}

/** Lists up to this long are shown row by row; of longer ones a person sees what went wrong, up to as many. */
const shownRows = 50
const shownWrong = 1000

/** Writes each row to the report, and keeps those that the answer shows. */
const collect = async (
  outcomes: AsyncIterable<RowOutcome>,
  report: Report | null,
  total: number,
  { show, terminal }: Context,
): Promise<RowOutcome[]> => {
  const kept: RowOutcome[] = []
  const all = total <= shownRows || (show.format !== 'table' && show.format !== 'wide')
  let left = 0
  for await (const outcome of outcomes) {
    await report?.add(outcome)
    if (!all && !wentWrong(outcome)) continue
    if (all || kept.length < shownWrong) kept.push(outcome)
    else left += 1
  }
  if (left > 0) terminal.note(`${left} more rows went wrong: --report names each.`)
  return kept
}

/** Every row of a list that is refused whole goes into the report all the same. */
const reportNothingDone = async (
  source: UserRows,
  checked: CheckedRows,
  report: Report,
  purpose: Purpose,
): Promise<void> => {
  const notBegun = { outcome: 'failed', message: 'not begun: other rows cannot be taken' }
  for await (const row of source.rows()) {
    await report.add({
      ...row,
      reason: row.reason ?? purpose.reason,
      ticket: row.ticket ?? purpose.ticket ?? '',
      sessionsRevoked: 0,
      ...(checked.problemOf(row.row) ?? notBegun),
    })
  }
  await report.finish()
}

const ask = async (
  verb: Verb,
  checked: CheckedRows,
  users: Users,
  purpose: Purpose,
  options: ActOnUsersOptions,
  context: Context,
): Promise<void> => {
  const { good, total, deactivated, organizations } = checked
  if (good === 0 || unasked(options, context)) return
  const atStake = await lookAt(verb, checked, users, purpose)
  const parts = [
    ...(atStake?.named ?? []),
    ...(deactivated > 0 ? [`${deactivated} deactivated before`] : []),
    ...(total > good ? [`${counted(total - good, 'row')} skipped`] : []),
  ]
  const places = [...organizations].join(', ')
  const consequence = `${counted(good, 'user')} of ${places}${parts.length > 0 ? ` (${parts.join(', ')})` : ''} ${verb.consequence}.${atStake?.ends ?? ''}`
  await confirmAct(options, context, { consequence, count: good })
}

/** A longer list is too much to look at for a question. */
const mostLookedAt = 1000
const mostNamed = 3

/** What an act on these users would end, without locking any of it; few of them are named. */
const lookAt = async (verb: Verb, checked: CheckedRows, users: Users, purpose: Purpose) => {
  if (checked.good > mostLookedAt) return null
  const ids = Array.from({ length: checked.total }, (_, at) => at + 1)
    .filter((row) => !checked.problemOf(row))
    .map(checked.userOf)
  const open = await users.readBack(ids, purpose)
  const [sessions, grants] = [
    open.reduce((sum, { activeSessions }) => sum + activeSessions.length, 0),
    verb.act === 'offboard' ? open.reduce((sum, user) => sum + user.grants.length, 0) : 0,
  ]
  const ends = [
    counted(sessions, 'active session'),
    ...(grants > 0 ? [counted(grants, 'support access grant')] : []),
  ]
  return {
    named: ids.length > mostNamed ? [] : open.map(({ email }) => email),
    ends:
      verb.act === 'reinstate'
        ? ''
        : ` ${ends.join(' and ')} ${sessions + grants === 1 ? 'ends' : 'end'} now.`,
  }
}
