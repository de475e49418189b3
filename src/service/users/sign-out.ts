import { MeanderError } from '../../errors.ts'
import type { Request } from '../../postgres/requests.ts'
import type { Blocklist, BlocklistOutcome } from '../blocklist/blocklist.ts'
import type { Purpose } from '../on-record.ts'
import { Aftermath } from './aftermath.ts'
import type { UserEnding, Users } from './users.ts'

/** What became of one user's sessions. */
export interface SignOut extends BlocklistOutcome {
  readonly requestId: string | null
  readonly userId: string
  readonly outcome: 'signedOut' | 'alreadySignedOut'
  /** What ended, sessions that had expired before among them. */
  readonly sessions: readonly string[]
  /** Those that were active. */
  readonly sessionsRevoked: number
  readonly refreshTokensRevoked: number
  readonly accessTokensBlocked: number
  /** Somebody logged in again while this went on. */
  readonly activeAfter: Aftermath['activeAfter']
}

/**
 * Signs one user out and tells Redis: what a server asks for. Lists go through UserRun.
 * @throws MeanderError NOT_FOUND, REFUSED, FAILED, UNKNOWN
 */
export const signOut = async (
  { users, blocklist }: { readonly users: Users; readonly blocklist: Blocklist },
  userId: string,
  purpose: Purpose,
  request: Request | null,
): Promise<SignOut> => {
  const aftermath = new Aftermath(users, blocklist, { purpose, signal: new AbortController().signal })
  await aftermath.begin()
  const ending = (await recalled(users, request)) ?? (await act(users, userId, purpose, request))
  if (!ending || (ending.outcome !== 'signedOut' && ending.outcome !== 'alreadySignedOut'))
    throw new MeanderError('NOT_FOUND', 'no such user within your reach')
  // What fails from here on does not undo what is committed: it is said beside it.
  const unseen = await aftermath.after(new Map([[userId, ending]]), false)
  const accessTokensBlocked = ending.accessTokensBlocked ?? 0
  const { outcome, failure } = await aftermath.settle(false, { accessTokensBlocked })
  return {
    requestId: request?.id ?? null,
    userId,
    outcome: ending.outcome,
    sessions: ending.sessions ?? [],
    sessionsRevoked: ending.sessionsRevoked ?? 0,
    refreshTokensRevoked: ending.refreshTokensRevoked ?? 0,
    accessTokensBlocked,
    activeAfter: aftermath.activeAfter,
    ...outcome,
    cause: (unseen ?? failure)?.message ?? outcome.cause,
  }
}

const recalled = async (users: Users, request: Request | null): Promise<UserEnding | undefined> =>
  request ? (await users.recall<{ items: UserEnding[] }>(request))?.items[0] : undefined

const act = (users: Users, userId: string, purpose: Purpose, request: Request | null) =>
  users.actOnce(
    {
      act: 'sign_out',
      targets: [{ userId, ...purpose }],
      purpose,
      dryRun: false,
      requestId: request?.id ?? null,
    },
    request,
  )
