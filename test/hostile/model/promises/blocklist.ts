import { isAdministrator, operatorOf, sessionsWithin } from './reach.ts'
import { tell } from './session.ts'
import { notFound, type Outcome, type Session, unauthenticated, type World } from './world.ts'

/** What of the blocklist a login sees, and may carry to Redis. */

/** An access token that was blocked within reach: 0 everywhere, 7 not in Redis; any other is nobody's. */
export const checkToken = (w: World, login: string, jti: string): Outcome => {
  if (!operatorOf(w, login) && !isAdministrator(w, login)) return unauthenticated
  const session = (isAdministrator(w, login) ? w.sessions : sessionsWithin(w, login)).find(({ chain }) =>
    chain.some((token) => token.jti === jti),
  )
  if (!session || !w.blocked.has(jti)) return notFound
  const over = session.chain.some((token) => token.jti === jti && token.expires <= w.now)
  return { code: over || w.told.has(jti) ? 0 : 7, answer: { sessionId: session.id } }
}

const blockedAlive = (w: World, sessions: readonly Session[]): string[] =>
  sessions.flatMap(({ chain }) =>
    chain.filter(({ jti, expires }) => w.blocked.has(jti) && expires > w.now).map(({ jti }) => jti),
  )

export const blocklistStatus = (w: World, login: string): Outcome => {
  if (!operatorOf(w, login) && !isAdministrator(w, login)) return unauthenticated
  const live = blockedAlive(w, isAdministrator(w, login) ? w.sessions : sessionsWithin(w, login))
  const pending = live.filter((jti) => !w.told.has(jti)).length
  return { code: pending > 0 ? 7 : 0, answer: { live: live.length, pending } }
}

export const pendingOf = (w: World): number =>
  blockedAlive(w, w.sessions).filter((jti) => !w.told.has(jti)).length

export const syncBlocklist = (w: World, login: string): Outcome => {
  if (!operatorOf(w, login) && !isAdministrator(w, login)) return unauthenticated
  tell(w, isAdministrator(w, login) ? w.sessions : sessionsWithin(w, login))
  return { code: 0 }
}
