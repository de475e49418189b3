import type { Context } from '../../context.ts'
import type { Blocklist, BlocklistOutcome } from '../../service/blocklist/blocklist.ts'
import type { SyncResult } from '../../service/blocklist/results.ts'
import { counted } from './acting.ts'

/** How many tokens are named in words; `-o json` has them all. */
const named = 5

/** Says what stays usable and until when, and ends the command as PENDING; says nothing when nothing does. */
export const sayResidual = (
  residual: BlocklistOutcome['residualAccess'],
  cause: string | null,
  context: Context,
): void => {
  const last = residual.at(-1)
  if (!last) return
  const { terminal } = context
  terminal.warn(
    `Committed, but Redis could not be told${cause ? ` (${cause})` : ''}: ${counted(residual.length, 'access token')} may be used until ${last.expiresAt} at the latest.`,
  )
  for (const { jti, sessionId, expiresAt } of residual.slice(0, named)) {
    terminal.warn(`  ${jti} of session ${sessionId} until ${expiresAt}`)
  }
  if (residual.length > named)
    terminal.warn(`  … and ${residual.length - named} more: -o json lists them all`)
  terminal.warn('Finish it: meanderctl blocklist sync')
  context.end('PENDING')
}

/** Says what Redis still does not know after a sync, and ends the command as PENDING; says nothing when it knows all. */
export const sayPending = (
  { pending, failed }: Pick<SyncResult, 'pending' | 'failed'>,
  context: Context,
): void => {
  // What was published once and is lost since may have failed too.
  const left = Math.max(pending, failed.length)
  if (left === 0) return
  const cause = failed[0] ? `: ${failed[0].message}` : ''
  context.terminal.warn(`Redis does not know ${counted(left, 'blocked access token')} yet${cause}.`)
  context.end('PENDING')
}

/**
 * What is to end may have been ended by a run that was stopped before it told Redis: who finds nothing to tell tells
 * what is left from before.
 */
export const tellLeftOver = async (
  { published, pending }: BlocklistOutcome['blocklist'],
  blocklist: Blocklist,
  context: Context,
): Promise<void> => {
  if (published + pending === 0) sayPending(await blocklist.sync(), context)
}

/** Says why nobody can tell whether Redis still has what was published, and ends the command as PENDING. */
export const sayUnsure = ({ redisError }: Pick<SyncResult, 'redisError'>, context: Context): void => {
  if (redisError === null) return
  context.terminal.warn(`Whether Redis has what was published cannot be said: ${redisError}.`)
  context.end('PENDING')
}
