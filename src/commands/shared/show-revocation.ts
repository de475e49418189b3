import type { Context } from '../../context.ts'
import type { RevokeOutcome } from '../../service/sessions/sessions.ts'
import { revokedSessionView } from '../../views/revocation.view.ts'
import { changedNothing, counted } from './acting.ts'
import type { AppliedPlan } from './planning.ts'
import { sayResidual } from './residual.ts'

/** Shows what became of each session, and says what stays usable. */
export const showRevocation = async (
  { result, cause }: RevokeOutcome,
  context: Context,
  plan?: AppliedPlan,
): Promise<void> => {
  const { revoked, alreadyRevoked, alreadyExpired, notFound, refreshTokensRevoked, accessTokensBlocked } =
    result.summary
  await context.show.result('RevocationResult', revokedSessionView, { ...result, ...(plan && { plan }) })
  const parts = [
    `${counted(revoked, 'session')} ${result.dryRun ? 'would be revoked' : 'revoked'}`,
    ...(alreadyRevoked ? [`${alreadyRevoked} revoked before`] : []),
    ...(alreadyExpired ? [`${alreadyExpired} expired before`] : []),
    ...(notFound ? [`${notFound} not found`] : []),
    `${counted(refreshTokensRevoked, 'refresh token')} ended, ${counted(accessTokensBlocked, 'access token')} blocked`,
  ]
  context.terminal.note(`${parts.join('; ')}.${result.dryRun ? changedNothing : ''}`)
  sayResidual(result.residualAccess, cause, context)
  if (notFound > 0) context.end('NOT_FOUND')
}
