import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { SweepResult } from '../../service/sessions/sweep.ts'
import { sweptReasonView } from '../../views/sweep.view.ts'
import {
  type ActOptions,
  askPurpose,
  bulkOptions,
  confirm,
  counted,
  refuseTooMany,
  refuseUnasked,
  unasked,
} from '../shared/acting.ts'
import { parseCount, parseDuration, parseOrganization } from '../shared/parsers.ts'
import { sayResidual, tellLeftOver } from '../shared/residual.ts'
import { endsOfEnding, teach } from '../shared/teaching.ts'

interface SweepOptions extends ActOptions {
  readonly org?: string
  readonly batchSize: number
  readonly purgeAfter?: string
}

const usualBatch = 500
/** What one call of the database takes. */
const largestBatch = 10_000

export const registerSweep = (parent: Command, context: Context, run = sweepSessions): void => {
  const command = teach(parent.command('sweep'), {
    examples: [
      ['From cron', 'meanderctl sessions sweep --reason "nightly sweep" --yes'],
      ['What would be swept', 'meanderctl sessions sweep --dry-run'],
    ],
    ends: endsOfEnding,
    unlike: {
      'sessions revoke': 'ends sessions that are active',
      'sessions policy set': 'says when sessions end by themselves',
    },
    notes:
      'A session ends by itself the moment that its policy or grant says so, swept or not: its refresh token is refused from then on. A sweep puts it on the record and blocks access tokens that are still alive. Safe from cron, by several at once.',
  })
    .description('Record what has ended by policy, grant or time: chain and access tokens too')
    .option('--org <slug|id>', 'of this organization (default: all within reach)', parseOrganization)
    .option('--batch-size <n>', 'sessions in one transaction', parseCount, usualBatch)
    .option(
      '--purge-after <duration>',
      'then delete what ended longer ago (administrator; at least 1d; never the record)',
      parseDuration,
    )
    .action((options: SweepOptions) => run(options, context))
  bulkOptions(command, 'sessions')
}

export const sweepSessions = async (options: SweepOptions, context: Context): Promise<void> => {
  refuseUnasked(options, context)
  const { sweep, blocklist } = await context.service()
  const organization = options.org ?? context.settings.organization.value ?? null
  const purgeAfter = options.purgeAfter ?? null
  if (purgeAfter !== null && !(await sweep.isAdministrator())) {
    throw new MeanderError('REFUSED', 'Only an administrator of this database purges.', {
      hint: 'Leave out --purge-after: the sweep itself is yours.',
    })
  }
  const batchSize = Math.min(options.batchSize, largestBatch)
  const request =
    options.requestId === undefined || options.dryRun
      ? null
      : { id: options.requestId, command: 'sessions sweep', arguments: { organization } }
  const first = request && (await sweep.recall(request))
  if (first) return showOutcome(first, context)

  const purpose = await askPurpose(options, context)
  const order = { organization, batchSize, purpose, dryRun: options.dryRun ?? false }
  const sure = unasked(options, context)
  if (!sure || options.maxAffected !== undefined) {
    const trial = { ...order, dryRun: true, requestId: null }
    const { result } = await sweep.run(trial, null, purgeAfter, context.signal)
    const count = result.summary.sessionsRevoked + (result.purged?.sessions ?? 0)
    const what = purgeAfter === null ? 'swept' : 'swept or purged'
    refuseTooMany(count, options, `${counted(count, 'session')} would be ${what}`, 'Take one organization')
    const places = organization ?? 'every organization within reach'
    if (!sure) await confirm(options, context, `In ${places}, ${consequence(result)} Go on?`)
  }
  const outcome = await sweep.run(
    { ...order, requestId: request?.id ?? null },
    request,
    purgeAfter,
    context.signal,
  )
  await showOutcome(outcome, context)
  if (!order.dryRun) await tellLeftOver(outcome.result.blocklist, blocklist, context)
}

/** What will be, by what a dry run came to. */
const consequence = ({ summary, purged }: SweepResult): string => {
  const { sessionsRevoked, refreshTokensRevoked, accessTokensBlocked } = summary
  const swept = `${counted(sessionsRevoked, 'session')} ${sessionsRevoked === 1 ? 'has' : 'have'} ended by policy, grant or time and will be recorded so; ${counted(refreshTokensRevoked, 'refresh token')} will end, ${counted(accessTokensBlocked, 'access token')} will be blocked. No active session ends.`
  if (purged === null) return swept
  return `${swept} ${counted(purged.sessions, 'session')} of long ago, ${counted(purged.refreshTokens, 'refresh token')} and ${counted(purged.blockedTokens, 'blocklist row')} will be deleted for good.`
}

const showOutcome = async (
  { result, cause }: { result: SweepResult; cause: string | null },
  context: Context,
): Promise<void> => {
  const { summary, purged, dryRun } = result
  await context.show.result('SweepResult', sweptReasonView, result)
  const { terminal } = context
  const would = dryRun ? 'would be ' : ''
  terminal.note(
    `${counted(summary.sessionsRevoked, 'session')} ${would}swept; ${counted(summary.refreshTokensRevoked, 'refresh token')} ended, ${counted(summary.accessTokensBlocked, 'access token')} blocked.`,
  )
  if (summary.skipped > 0) {
    terminal.note(`${counted(summary.skipped, 'session')} in somebody else’s hands: the next sweep has them.`)
  }
  if (purged) {
    terminal.note(
      `${counted(purged.sessions, 'session')} ${would}purged, with ${counted(purged.refreshTokens, 'refresh token')} and ${counted(purged.blockedTokens, 'blocklist row')}; ${counted(purged.requests, 'request id')}, ${counted(purged.intents, 'intent')}.`,
    )
  }
  sayResidual(result.residualAccess, cause, context)
}
