import type { Grant, Policy, Session, World } from './world.ts'

/** When a session ends by itself, and how it is ended by somebody: whole. */

/** Everything that ends a session by itself, with the word for it in the order in which the words are chosen. */
const endsOf = ({ created, activity, expires, grant }: Session, policy: Policy): [string, number][] => [
  ['grant revoked', grant?.revoked ?? Number.POSITIVE_INFINITY],
  ['grant ended', grant?.expires ?? Number.POSITIVE_INFINITY],
  ['idle timeout', activity + (policy.idleTimeout ?? Number.POSITIVE_INFINITY)],
  ['absolute lifetime', created + (policy.absoluteLifetime ?? Number.POSITIVE_INFINITY)],
  ['expired', expires],
]

export const endOf = (w: World, session: Session, policy = w.policies[session.place]): number =>
  Math.min(...endsOf(session, policy).map(([, at]) => at))

export const causeOf = (w: World, session: Session): string =>
  endsOf(session, w.policies[session.place]).find(([, at]) => at === endOf(w, session))?.[0] ?? ''

export const stateOf = (w: World, session: Session): 'active' | 'expired' | 'revoked' =>
  session.revoked ? 'revoked' : endOf(w, session) > w.now ? 'active' : 'expired'

export const isLive = (w: World, { revoked, expires }: Grant): boolean => revoked === null && expires > w.now

export const grantState = (w: World, grant: Grant): string =>
  grant.revoked !== null ? 'revoked' : isLive(w, grant) ? 'active' : 'expired'

/** Ends a session whole: it, what refreshes it, and every access token that still lives. */
export const end = (w: World, session: Session, by: string, reason: string) => {
  const priorState = stateOf(w, session)
  const live = session.chain.filter((token) => token.live)
  const open = session.chain.filter(({ jti, expires }) => expires > w.now && !w.blocked.has(jti))
  session.revoked ??= { by, reason }
  for (const token of live) token.live = false
  for (const { jti } of open) w.blocked.add(jti)
  return { session, priorState, refreshTokensRevoked: live.length, accessTokensBlocked: open.length }
}

export type Ended = ReturnType<typeof end>

/** Whoever did an act that was answered has told Redis. */
export const tell = (w: World, sessions: readonly Session[]): void => {
  for (const { chain } of sessions)
    for (const { jti, expires } of chain) if (w.blocked.has(jti) && expires > w.now) w.told.add(jti)
}

export const total = (ended: readonly Ended[]) => ({
  refreshTokensRevoked: ended.reduce((sum, one) => sum + one.refreshTokensRevoked, 0),
  accessTokensBlocked: ended.reduce((sum, one) => sum + one.accessTokensBlocked, 0),
})

export const sessionDetails = ({ session, ...ended }: Ended) => ({
  userId: session.user.id,
  supportAccessGrantId: session.grant?.id ?? null,
  ...ended,
})

export const outcomes = { active: 'revoked', revoked: 'alreadyRevoked', expired: 'alreadyExpired' } as const
