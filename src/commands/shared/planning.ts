import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { PlanRequest } from '../../service/plans/plans.ts'
import { planView } from '../../views/plan.view.ts'
import { type ActOptions, counted } from './acting.ts'
import { parseDuration, parseFile } from './parsers.ts'
import { beginFile } from './whole-file.ts'

export interface PlanOptions {
  readonly plan?: string
  readonly expiresIn?: string
}

/** What a command that plans knows; the rest are its options. */
export type PlanContents = Omit<PlanRequest, 'lasting'>

/** The plan that a run carries out, as its result names it. */
export interface AppliedPlan {
  readonly id: string
  readonly author: string
  readonly createdAt: string
  readonly expiresAt: string
  /** Taken up before, by whomever. */
  readonly continued: boolean
  /** Sessions that match now, and are not touched. */
  readonly newMatches: readonly string[]
}

const usualLife = 'PT900S'

/** The flags of every act that can be frozen first. */
export const planOptions = (command: Command): Command =>
  command
    .option('--plan <file>', 'end nothing: write down what would be ended, for apply', parseFile)
    .option(
      '--expires-in <duration>',
      'how long the plan may be taken up (default 15m, at most 7d)',
      parseDuration,
    )

/**
 * Refuses, before anything is opened, what says two things at once, or would have to ask when nobody can be asked.
 * @throws MeanderError USAGE
 */
export const refuseUnplannable = (
  options: ActOptions & PlanOptions & { readonly mine?: boolean; readonly report?: string },
  context: Context,
): void => {
  const against = [
    ...(options.dryRun ? ['--dry-run'] : []),
    ...(options.requestId === undefined ? [] : ['--request-id']),
    ...(options.mine ? ['--mine'] : []),
    ...(options.report === undefined ? [] : ['--report']),
  ]
  if (against.length > 0) {
    throw new MeanderError('USAGE', `--plan and ${against.join(', ')} contradict each other.`, {
      hint: 'A plan ends nothing yet: apply has --dry-run, and does everything once.',
    })
  }
  if (options.reason === undefined && !context.terminal.interactive) {
    throw new MeanderError('USAGE', 'A reason is required, and there is no terminal to ask on.', {
      hint: 'Give --reason TEXT; it is frozen with the plan, and goes on the record.',
    })
  }
}

/** Registers the plan and writes its file, whole or not at all. */
export const makePlan = async (
  { plan: path = '', expiresIn = usualLife }: PlanOptions,
  contents: PlanContents,
  context: Context,
): Promise<void> => {
  if (contents.items.length === 0) {
    throw new MeanderError('NOT_FOUND', 'There is nothing to plan: what matches has ended before.', {
      hint: 'No plan was made.',
    })
  }
  const file = await beginFile(path, 'plan')
  try {
    const [{ plans }, { cleanJson }] = await Promise.all([context.service(), context.terminal.style()])
    const plan = await plans.create({ ...contents, lasting: expiresIn }, file, cleanJson)
    await context.show.item(planView, { ...plan, path })
    context.terminal.note(
      `Nothing has ended yet. ${counted(plan.items.length, what[plan.act])} until ${plan.expiresAt}: meanderctl apply ${path}`,
    )
  } finally {
    await file.discard()
  }
}

const what = { revoke_sessions: 'session', offboard_users: 'user' } as const
