import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { RowOutcome, RunResult } from '../../service/users/run.ts'
import { userOutcomeView } from '../../views/user-outcome.view.ts'
import { type ActOptions, changedNothing, counted } from './acting.ts'
import type { AppliedPlan } from './planning.ts'
import { sayResidual } from './residual.ts'
import type { Verb } from './user-verbs.ts'

/** Whether a row needs a look: nothing was done for it, and something should have been. */
export const wentWrong = ({ outcome }: RowOutcome): boolean =>
  ['invalid', 'notFound', 'refused', 'failed'].includes(outcome)

/**
 * Shows what a run on users came to, says in words what is done and what is left, and ends the command as it went.
 * @throws MeanderError what stopped the run.
 */
export const showRun = async (
  verb: Verb,
  result: RunResult,
  items: readonly RowOutcome[],
  options: ActOptions & { readonly skipInvalid?: boolean },
  context: Context,
  plan?: AppliedPlan,
): Promise<void> => {
  const { rows, done, already, notFound, invalid, refused, failed } = result.summary
  const { sessionsRevoked, accessTokensBlocked, grantsRevoked } = result.summary
  const others = { notFound, invalid, refused, failed }
  const shown = {
    requestId: plan?.id ?? options.requestId ?? null,
    dryRun: options.dryRun ?? false,
    // Named one by one: a remembered summary comes in an order of its own.
    summary: {
      rows,
      [verb.done[1]]: done,
      [verb.already[1]]: already,
      ...others,
      sessionsRevoked,
      accessTokensBlocked,
      grantsRevoked,
    },
    blocklist: result.blocklist,
    residualAccess: result.residualAccess,
    items,
    ...(plan && { plan }),
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
          `${counted(sessionsRevoked, 'session')} ended, ${counted(accessTokensBlocked, 'access token')} blocked`,
        ]),
  ]
  context.terminal.note(`${parts.join('; ')}.${options.dryRun ? changedNothing : ''}`)
  sayActiveAfter(verb, result, context)
  sayResidual(result.residualAccess, result.cause, context)
  const unknown = result.blocklist.pending - result.residualAccess.length
  if (unknown > 0) {
    context.terminal.warn(
      `Whether Redis was told of ${counted(unknown, 'access token')} could not be learned: meanderctl blocklist sync`,
    )
  }
  // Where nothing at all was done, what stopped the run says it all.
  const nothingDone = result.stopped !== null && done + already === 0
  if (notFound + invalid + refused + failed > 0 && !nothingDone)
    context.end(rows === 1 && !options.skipInvalid ? lone(others) : 'PARTIAL')
  if (result.stopped) throw stopped(verb, result.stopped, result.summary, plan !== undefined)
}

/** One user alone ends as what became of it; of several, some failed. */
const lone = (others: { refused: number; notFound: number; invalid: number }) =>
  others.refused ? 'REFUSED' : others.notFound ? 'NOT_FOUND' : others.invalid ? 'USAGE' : 'FAILED'

const named = 10

const sayActiveAfter = (verb: Verb, { activeAfter }: RunResult, context: Context): void => {
  if (activeAfter.length === 0) return
  const { terminal } = context
  terminal.warn(
    verb.act === 'offboard'
      ? `${counted(activeAfter.length, 'session')} still active: this must not be.`
      : `${counted(activeAfter.length, 'new session')} began meanwhile:`,
  )
  for (const { email, sessionId, endsAt } of activeAfter.slice(0, named)) {
    terminal.warn(`  ${email}: session ${sessionId} until ${endsAt}`)
  }
  if (activeAfter.length > named)
    terminal.warn(`  … and ${activeAfter.length - named} more: --report names them`)
  if (verb.act === 'offboard') context.end('NOT_ENDED')
}

const stopped = (
  verb: Verb,
  cause: MeanderError,
  { done, already, rows }: RunResult['summary'],
  planned: boolean,
): MeanderError => {
  const finished = done + already
  const rightless = cause.code === 'REFUSED' || cause.code === 'UNAUTHENTICATED'
  if (rightless && finished === 0) return cause
  const said = `${counted(finished, 'user')} done and committed, ${rows - finished} not`
  return new MeanderError(cause.code, `${cause.message.replace(/\.$/, '')}. ${said}.`, {
    hint: rightless
      ? cause.hint
      : `Run the same ${planned ? 'apply' : `users ${verb.name}`} again: it does the rest.`,
    cause,
  })
}
