import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { afterCommit } from '../service/committed.ts'
import { type Plan, readPlan } from '../service/plans/plan-file.ts'
import type { BegunPlan } from '../service/plans/plans.ts'
import type { SessionManagementService } from '../service/session-management-service.ts'
import { checkRows, type UserRows } from '../service/users/rows.ts'
import { type RowOutcome, UserRun } from '../service/users/run.ts'
import { type ActOptions, confirmAct, counted, refuseUnasked } from './shared/acting.ts'
import { parseFile } from './shared/parsers.ts'
import type { AppliedPlan } from './shared/planning.ts'
import { showRevocation } from './shared/show-revocation.ts'
import { showRun } from './shared/show-run.ts'
import { endsOfEnding, teach } from './shared/teaching.ts'
import { verbs } from './shared/user-verbs.ts'

type ApplyOptions = Pick<ActOptions, 'dryRun' | 'yes'>

export const registerApply = (command: Command, context: Context, run = apply): void => {
  teach(command, {
    examples: [
      ['What would happen', 'meanderctl apply season.plan --dry-run --quiet'],
      ['Do it', 'meanderctl apply season.plan --yes'],
    ],
    ends: endsOfEnding,
    unlike: {
      'sessions revoke': 'ends what matches now',
      'users offboard': 'off-boards now, without a plan',
    },
    notes:
      "Ends exactly what the plan names, by the same or another operator; both are on the record, and each event has the plan's id as its request id. Sessions that match now and are not in the plan are counted and left alone. Refused (5) when the plan has expired, was finished, or does not fit what is there any more; an edited one is 2. An interrupted one is finished by the same command within 24 hours, also when its time has passed meanwhile.",
  })
    .argument('<plan>', 'the file that sessions revoke --plan or users offboard --plan wrote', parseFile)
    .option('-n, --dry-run', 'show what would happen, change nothing')
    .option('-y, --yes', 'go ahead without being asked')
    .action((path: string, options: ApplyOptions) => run(path, options, context))
}

export const apply = async (path: string, options: ApplyOptions, context: Context): Promise<void> => {
  // The file first: --yes does not bring one that is not there.
  const plan = await readPlan(path)
  refuseUnasked({ ...options, reason: 'as planned' }, context)
  const service = await context.service()
  const known = await service.plans.begin(plan, true)
  const newMatches = await service.plans.newMatches(plan)
  await confirmAct(options, context, { consequence: consequenceOf(plan, known), count: plan.items.length })

  const dryRun = options.dryRun ?? false
  const begun = dryRun ? known : await service.plans.begin(plan, false)
  const { author, createdAt, expiresAt, continued } = begun
  const applied = { id: plan.id, author, createdAt, expiresAt, continued, newMatches }
  const act = plan.act === 'revoke_sessions' ? revoke : offboard
  const { stopped, show } = await act(plan, applied, dryRun, service, context)
  // Before anything is shown: an answer that cannot be written leaves nothing undone.
  const finished = await Promise.allSettled([
    dryRun || stopped ? 0 : afterCommit('What stands above is done', () => service.plans.finish(plan)),
  ])
  await show()
  sayNew(newMatches, context)
  const [end] = finished
  if (end.status === 'rejected') throw end.reason
  const left = end.value
  if (left > 0) {
    context.terminal.warn(`${left} of ${plan.targets} have not ended: the same apply goes on with the plan.`)
    context.end('PARTIAL')
  }
}

const consequenceOf = ({ act, items, organization }: Plan, { author, continued }: BegunPlan): string => {
  const users = counted(new Set(items.map(({ userId }) => userId)).size, 'user')
  const what =
    act === 'revoke_sessions'
      ? `${counted(items.length, 'session')} of ${users} in ${organization} will end; each must log in again`
      : `${users} of ${organization} ${verbs.offboard.consequence}`
  return `A plan by ${author}${continued ? ', taken up before' : ''}: ${what}.`
}

/** What was done, and is still to be shown. */
interface Done {
  /** It did not go through: the plan stays open. */
  readonly stopped: boolean
  show(): Promise<void>
}

const revoke = async (
  plan: Plan,
  applied: AppliedPlan,
  dryRun: boolean,
  { sessions }: SessionManagementService,
  context: Context,
): Promise<Done> => {
  const outcome = await sessions.revoke(
    {
      ids: plan.items.map(({ id }) => id),
      scope: 'reach',
      organizations: [plan.organization],
      purpose: { reason: plan.reason, ticket: plan.ticket },
      dryRun,
      request: null,
      plan: plan.id,
    },
    context.signal,
  )
  return { stopped: false, show: () => showRevocation(outcome, context, applied) }
}

const usersAtOnce = 500

const offboard = async (
  plan: Plan,
  applied: AppliedPlan,
  dryRun: boolean,
  { users, blocklist }: SessionManagementService,
  context: Context,
): Promise<Done> => {
  const source = rowsOf(plan)
  const { reason, ticket, organization } = plan
  const purpose = { reason, ticket }
  const checked = await checkRows(source, users, { act: 'offboard', organization, purpose })
  const progress = context.terminal.progress('apply', plan.targets)
  const run = new UserRun(users, blocklist, {
    act: 'offboard',
    purpose,
    dryRun,
    request: null,
    plan: plan.id,
    batchSize: usersAtOnce,
    signal: context.signal,
    onProgress: (done) => progress.update(done),
  })
  try {
    const items: RowOutcome[] = []
    for await (const outcome of run.outcomes(source, checked)) items.push(outcome)
    const result = await run.finish()
    const shown = { dryRun, skipInvalid: true }
    return {
      stopped: result.stopped !== null,
      show: () => showRun(verbs.offboard, result, items, shown, context, applied),
    }
  } finally {
    progress.stop()
  }
}

const rowsOf = ({ items }: Plan): UserRows => ({
  async *rows() {
    // By id alone: an address that has changed since is no drift.
    for (const [index, { id, reason, ticket }] of items.entries()) {
      yield { row: index + 1, email: '', userId: id, reason, ticket, problem: null }
    }
  },
})

const named = 5

const sayNew = (sessions: readonly string[], { terminal }: Context): void => {
  if (sessions.length === 0) return
  const more =
    sessions.length > named ? `, … and ${sessions.length - named} more: -o json names them all` : ''
  terminal.warn(
    `${counted(sessions.length, 'session')} came since and would match as well; not touched: ${sessions.slice(0, named).join(', ')}${more}`,
  )
}
