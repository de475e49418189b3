import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { Grant, GrantRevocationOutcome, GrantRevocationResult, Grants } from '../../service/grants.ts'
import { grantView, revokedGrantView } from '../../views/grant.view.ts'
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
import { collectActiveGrants } from '../shared/parsers.ts'
import { sayResidual } from '../shared/residual.ts'
import { endsOfEnding, teach } from '../shared/teaching.ts'
import { askGrants } from './ask-grants.ts'

export const registerRevoke = (parent: Command, context: Context, run = revokeGrants): void => {
  const command = teach(parent.command('revoke'), {
    examples: [
      [
        'Support is over',
        'meanderctl grants revoke 0192f6b4-7e0a-4c55-9a61-0c8c1f1f7d3e --reason "case closed" --ticket SUP-3 --yes',
      ],
    ],
    ends: endsOfEnding,
    unlike: {
      'users offboard': 'ends every grant that a person holds, everywhere, and the account',
      'sessions revoke --grant': 'ends the sessions under a grant; the grant stays',
    },
    notes:
      "The holders' database connections end with it, wherever they were working. What they may under another grant goes on, and is said. A global admin gives back the own grants with the same command.",
  })
    .description('End grants now, with every session, refresh chain and access token under them')
    .argument('[id...]', 'grants to end; asked for at a terminal', collectActiveGrants)
    .action((ids: string[], options: ActOptions) => run(ids ?? [], options, context))
  bulkOptions(command, 'grants')
}

export const revokeGrants = async (
  given: readonly string[],
  options: ActOptions,
  context: Context,
): Promise<void> => {
  const guided = given.length === 0 && mayAsk(options, context)
  if (given.length === 0 && !guided) {
    throw new MeanderError('USAGE', 'No grant was named.', {
      hint: 'Give ids, as meanderctl grants list shows them.',
    })
  }
  refuseMore(given, options)
  refuseUnasked(options, context)
  const { grants } = await context.service()
  const chosen = guided ? await askGrants(grants, purposeOf(options, context), context) : given
  refuseMore(chosen, options)
  const ids = [...new Set(chosen)]
  const request =
    options.requestId === undefined
      ? null
      : { id: options.requestId, command: 'grants revoke', arguments: { ids } }
  const first = request && !options.dryRun ? await grants.recallRevocation(request, context.signal) : null
  if (first) return showOutcome(first, context)

  const purpose = await askPurpose(options, context, { guided })
  await ask(grants, ids, purpose, options, context)
  const order = { purpose, dryRun: options.dryRun ?? false, request }
  await showOutcome(await grants.revoke(ids, order, context.signal), context)
}

const refuseMore = (given: readonly string[], options: ActOptions): void => {
  const count = new Set(given).size
  refuseTooMany(count, options, `${counted(count, 'grant')} would be ended`)
}

/** Looks without locking anything: whoever holds a grant up must not keep the question from being asked. */
const ask = async (
  grants: Grants,
  ids: readonly string[],
  purpose: Purpose,
  options: ActOptions,
  context: Context,
): Promise<void> => {
  if (unasked(options, context)) return
  const found: Grant[] = []
  for (const id of ids) {
    try {
      found.push((await grants.show(id, purpose)).grant)
    } catch (error) {
      // What is not found is told by the act, and one's own grant may have ended.
      if (!(error instanceof MeanderError) || error.code !== 'NOT_FOUND') throw error
    }
  }
  await context.show.preview(grantView, found)
  const sessions = found.reduce((sum, grant) => sum + grant.activeSessions, 0)
  const places = [...new Set(found.map(({ organization }) => organization))].join(', ')
  const ending = `${counted(ids.length, 'grant')}${places && ` of ${places}`} ${ids.length === 1 ? 'ends' : 'end'} now`
  await confirm(options, context, `${ending}, with ${counted(sessions, 'active session')}. Go on?`)
}

const showOutcome = async ({ result, cause }: GrantRevocationOutcome, context: Context): Promise<void> => {
  const { summary, dryRun } = result
  await context.show.result('GrantRevocationResult', revokedGrantView, result)
  const parts = [
    `${counted(summary.revoked, 'grant')} ${dryRun ? 'would be revoked' : 'revoked'}`,
    ...(summary.alreadyRevoked ? [`${summary.alreadyRevoked} revoked before`] : []),
    ...(summary.alreadyExpired ? [`${summary.alreadyExpired} expired before`] : []),
    ...(summary.notFound ? [`${summary.notFound} not found`] : []),
    `${counted(summary.sessionsRevoked, 'session')} and ${counted(summary.refreshTokensRevoked, 'refresh token')} ended, ${counted(summary.accessTokensBlocked, 'access token')} blocked`,
  ]
  context.terminal.note(`${parts.join('; ')}.`)
  sayConnections(result, context)
  sayOtherGrants(result, context)
  sayResidual(result.residualAccess, cause, context)
  if (summary.notFound > 0) context.end('NOT_FOUND')
}

const sayConnections = ({ connectionsEnded }: GrantRevocationResult, { terminal }: Context): void => {
  if (connectionsEnded === null) {
    terminal.warn(
      'Open connections of the holders see nothing any more, but could not be ended. A superuser runs: grant pg_signal_backend to meander_signal;',
    )
  } else if (connectionsEnded > 0) {
    terminal.note(`${counted(connectionsEnded, 'connection')} of the holders ended.`)
  }
}

/** What goes on: a person with another live grant is still let in. */
const sayOtherGrants = ({ items }: GrantRevocationResult, { terminal }: Context): void => {
  const told = new Set<string>()
  for (const { granteeEmail, organization, otherGrants } of items) {
    for (const { id, expiresAt } of otherGrants) {
      if (!told.has(id)) {
        terminal.warn(
          `${granteeEmail} is still let into ${organization} by the grant ${id} until ${expiresAt}.`,
        )
      }
      told.add(id)
    }
  }
}
