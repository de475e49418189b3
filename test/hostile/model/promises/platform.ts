import { end, isLive, sessionDetails, stateOf, total } from './session.ts'
import type { Grant, Outcome, Session, User, World } from './world.ts'

/** What the Authentication Module may do. */

export const mayLogIn = (w: World, user: User, grant: Grant | null): boolean =>
  user.active && (!grant || isLive(w, grant))

/** A refresh is for active sessions with a token that was neither spent nor revoked. */
export const mayRefresh = (w: World, session: Session): boolean =>
  stateOf(w, session) === 'active' && session.chain.some(({ live }) => live)

export const logOut = (w: World, session: Session): Outcome => {
  const one = end(w, session, 'auth', 'logout')
  if (one.priorState !== 'revoked')
    w.record.push({
      place: session.place,
      actor: 'auth',
      actorUser: null,
      action: 'session.revoked',
      target: session.id,
      reason: 'logout',
      details: sessionDetails(one),
    })
  return { code: 0, answer: { summary: total([one]) } }
}
