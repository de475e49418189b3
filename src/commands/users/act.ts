import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { type CheckedRows, checkRows, type UserRows } from '../../service/user-rows.ts'
import {
  type RememberedRun,
  type RowOutcome,
  type RunResult,
  rememberedRows,
  UserRun,
} from '../../service/user-run.ts'
import type { UserAct } from '../../service/users.ts'
import { userOutcomeView } from '../../views/user-outcome.view.ts'
import {
  type ActOptions,
  askPurpose,
  bulkOptions,
  confirm,
  confirmTyped,
  counted,
  type Purpose,
  refuseUnasked,
} from '../acting.ts'
import { sayResidual } from '../residual.ts'
import { beginReport, type Report } from './report.ts'
import { openTargets, type TargetOptions, targetOptions, wrongRows } from './targets.ts'

type ActOnUsersOptions = ActOptions & TargetOptions

interface Verb {
  readonly name: string
  readonly act: UserAct
  readonly kind: string
  readonly description: string
  readonly help: string
  /** What it came to, in words and as JSON fields. */
  readonly done: readonly [words: string, field: string]
  readonly already: readonly [words: string, field: string]
  readonly consequence: string
}

/** The three acts on people differ in words only: what they do is the database's. */
const verbs: Record<UserAct, Verb> = {
  sign_out: {
    name: 'sign-out',
    act: 'sign_out',
    kind: 'SignOutResult',
    description: 'Sign users out everywhere; their accounts stay and they may log in again',
    help: `
Ends every session that the user has when it runs, one audit event per user. sessions revoke --user ends the
sessions that match when you look, one audit event per session; neither keeps the user from logging in again:
that is users offboard.`,
    done: ['signed out', 'signedOut'],
    already: ['had no session', 'alreadySignedOut'],
    consequence: 'will be signed out everywhere; they may log in again',
  },
  offboard: {
    name: 'offboard',
    act: 'offboard',
    kind: 'OffboardResult',
    description: 'Off-board users: account deactivated, every session, token and grant ended',
    help: `
The account is deactivated, so the database refuses every new login. To end sessions and leave the account as it
is: users sign-out. To take it back: users reinstate (sessions and grants stay ended).`,
    done: ['off-boarded', 'offboarded'],
    already: ['off-boarded before', 'alreadyOffboarded'],
    consequence: 'will be off-boarded: accounts deactivated, every session, token and grant ended',
  },
  reinstate: {
    name: 'reinstate',
    act: 'reinstate',
    kind: 'ReinstateResult',
    description: 'Give deactivated users their accounts back; what ended stays ended',
    help: `
Undoes only the deactivation: the users may log in again. Sessions and support access grants stay ended.`,
    done: ['reinstated', 'reinstated'],
    already: ['active before', 'alreadyActive'],
    consequence: 'will get their accounts back and may log in',
  },
}

export const registerAct = (parent: Command, act: UserAct, context: Context, run = actOnUsers): void => {
  const verb = verbs[act]
  const command = parent
    .command(verb.name)
    .description(verb.description)
    .argument('[user...]', 'users, by e-mail or id')
    .addHelpText('after', verb.help)
    .action((names: string[], options: ActOnUsersOptions) => run(act, names, options, context))
  bulkOptions(targetOptions(command), 'users')
}

export const actOnUsers = async (
  act: UserAct,
  names: readonly string[],
  options: ActOnUsersOptions,
  context: Context,
): Promise<void> => {
  refuseUnasked(options, context)
  const source = await openTargets(names, options, context)
  const report =
    options.report === undefined ? null : await beginReport(options.report, await cellOf(context))
  try {
    await actOnList(verbs[act], source, report, options, names, context)
    await report?.finish()
  } catch (error) {
    await report?.discard()
    throw error
  } finally {
    await source.close()
  }
}

const cellOf = async ({ terminal }: Context) => (await terminal.style()).cleanCsvCell

const actOnList = async (
  verb: Verb,
  source: UserRows,
  report: Report | null,
  options: ActOnUsersOptions,
  names: readonly string[],
  context: Context,
): Promise<void> => {
  const { users, blocklist } = await context.service()
  const request =
    options.requestId === undefined
      ? null
      : {
          id: options.requestId,
          command: `users ${verb.name}`,
          arguments: { users: names, file: options.file ?? null },
        }
  const first = request && !options.dryRun ? await users.recall<RememberedRun>(request) : null
  if (first) {
    const settled = await blocklist.settle(first.sessions)
    for (const item of first.items) await report?.add(item)
    return showRun(
      verb,
      { ...first, ...settled, activeAfter: [], stopped: null },
      first.items,
      options,
      context,
    )
  }

  const purpose = await askPurpose(options, context)
  const organization = options.org ?? context.settings.organization.value
  const checked = await checkRows(source, users, { act: verb.act, organization, purpose })
  if (request && checked.total > rememberedRows) {
    throw new MeanderError('USAGE', `--request-id is for ${rememberedRows} users at most.`, {
      hint: 'Leave it out: a list that is run again does what is left to do.',
    })
  }
  const wrong = wrongRows(checked, options)
  if (wrong) return refuseAll(wrong, source, checked, report, purpose)
  refuseTooMany(checked.good, options)
  await ask(verb, checked, options, context)

  const progress = context.terminal.progress(`${verb.name}:`, checked.total)
  const run = new UserRun(users, blocklist, {
    act: verb.act,
    purpose,
    dryRun: options.dryRun ?? false,
    request,
    batchSize: Math.min(options.batchSize, largestBatch),
    signal: context.signal,
    onProgress: (done) => progress.update(done),
  })
  const kept = await collect(run.outcomes(source, checked), report, checked.total, context)
  const result = await run.finish()
  progress.stop()
  await showRun(verb, result, kept, options, context)
}

/** Users that one call of the database takes. */
const largestBatch = 10_000
/** Lists up to this long are shown row by row; of longer ones a person sees what went wrong. */
const shownRows = 50

/** Writes each row to the report, and keeps those that the answer shows. */
const collect = async (
  outcomes: AsyncIterable<RowOutcome>,
  report: Report | null,
  total: number,
  { show }: Context,
): Promise<RowOutcome[]> => {
  const kept: RowOutcome[] = []
  const all = total <= shownRows || (show.format !== 'table' && show.format !== 'wide')
  for await (const outcome of outcomes) {
    await report?.add(outcome)
    if (all || ['invalid', 'notFound', 'refused', 'failed'].includes(outcome.outcome)) kept.push(outcome)
  }
  return kept
}

/** Every row of a list that is refused whole goes into the report all the same. */
const refuseAll = async (
  wrong: MeanderError,
  source: UserRows,
  checked: CheckedRows,
  report: Report | null,
  purpose: Purpose,
): Promise<never> => {
  if (report) {
    for await (const row of source.rows()) {
      const problem = checked.problems.get(row.row) ?? {
        outcome: 'failed',
        message: 'not begun: other rows cannot be taken',
      }
      await report.add({
        ...row,
        reason: row.reason ?? purpose.reason,
        ticket: row.ticket ?? purpose.ticket ?? '',
        sessionsRevoked: 0,
        ...problem,
      })
    }
    await report.finish()
  }
  throw wrong
}

const refuseTooMany = (count: number, { maxAffected }: ActOptions): void => {
  if (maxAffected === undefined || count <= maxAffected) return
  throw new MeanderError(
    'REFUSED',
    `${counted(count, 'user')} would be affected, --max-affected allows ${maxAffected}: nothing was changed.`,
    {
      hint: 'Shorten the list, or raise --max-affected.',
    },
  )
}

/** More users than this are confirmed by typing their number. */
const typedAbove = 50

const ask = async (
  verb: Verb,
  checked: CheckedRows,
  options: ActOnUsersOptions,
  context: Context,
): Promise<void> => {
  const { good, deactivated, problems, organizations } = checked
  const parts = [
    ...(deactivated > 0 ? [`${deactivated} deactivated before`] : []),
    ...(problems.size > 0 ? [`${counted(problems.size, 'row')} skipped`] : []),
  ]
  const places = [...organizations].join(', ')
  const consequence = `${counted(good, 'user')} of ${places}${parts.length > 0 ? ` (${parts.join(', ')})` : ''} ${verb.consequence}.`
  if (good > typedAbove)
    return confirmTyped(options, context, `${consequence} Type ${good} to go on:`, String(good))
  await confirm(options, context, `${consequence} Go on?`)
}

const showRun = async (
  verb: Verb,
  result: RunResult,
  items: readonly RowOutcome[],
  options: ActOnUsersOptions,
  context: Context,
): Promise<void> => {
  const { done, already, ...counts } = result.summary
  const { rows, ...others } = counts
  const shown = {
    requestId: options.requestId ?? null,
    dryRun: options.dryRun ?? false,
    summary: { rows, [verb.done[1]]: done, [verb.already[1]]: already, ...others },
    blocklist: result.blocklist,
    residualAccess: result.residualAccess,
    items,
  }
  await context.show.result(verb.kind, userOutcomeView, shown)
  const parts = [
    `${counted(done, 'user')} ${options.dryRun ? 'would be ' : ''}${verb.done[0]}`,
    ...(already ? [`${already} ${verb.already[0]}`] : []),
    ...(['notFound', 'invalid', 'refused', 'failed'] as const).flatMap((name) =>
      others[name] ? [`${others[name]} ${name === 'notFound' ? 'not found' : name}`] : [],
    ),
    ...(verb.act === 'reinstate'
      ? []
      : [
          `${counted(others.sessionsRevoked, 'session')} ended, ${counted(others.accessTokensBlocked, 'access token')} blocked`,
        ]),
  ]
  context.terminal.note(`${parts.join('; ')}.`)
  sayActiveAfter(verb, result, context)
  sayResidual(result.residualAccess, result.cause, context)
  if (others.failed + others.invalid + others.notFound + others.refused > 0)
    context.end(rows === 1 ? lone(others) : 'PARTIAL')
  if (result.stopped) throw stopped(verb, result)
}

/** One user alone ends as what became of it; of several, some failed. */
const lone = (others: { refused: number; notFound: number; invalid: number }) =>
  others.refused ? 'REFUSED' : others.notFound ? 'NOT_FOUND' : others.invalid ? 'USAGE' : 'FAILED'

const sayActiveAfter = (verb: Verb, { activeAfter }: RunResult, context: Context): void => {
  if (activeAfter.length === 0) return
  const { terminal } = context
  terminal.warn(
    verb.act === 'offboard'
      ? `${counted(activeAfter.length, 'session')} is still active: this must not be.`
      : `${counted(activeAfter.length, 'new session')} began meanwhile:`,
  )
  for (const { email, sessionId, endsAt } of activeAfter.slice(0, 10)) {
    terminal.warn(`  ${email}: session ${sessionId} until ${endsAt}`)
  }
  if (verb.act === 'offboard') context.end('NOT_ENDED')
}

const stopped = (verb: Verb, { stopped: cause, summary }: RunResult): MeanderError => {
  const finished = summary.done + summary.already
  const said = `${counted(finished, 'user')} done and committed, ${summary.rows - finished} not`
  return new MeanderError(cause?.code ?? 'FAILED', `${cause?.message ?? 'Stopped.'} ${said}.`, {
    hint: `Run the same users ${verb.name} again: it does the rest.`,
    cause,
  })
}
