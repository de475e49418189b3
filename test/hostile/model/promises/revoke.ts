import { type Selector, select } from './looks.ts'
import { operatorOf, sessionsWithin, write } from './reach.ts'
import { type Ended, end, outcomes, sessionDetails, tell, total } from './session.ts'
import { notFound, type Outcome, refused, unauthenticated, type World } from './world.ts'

/** `sessions revoke`. */

export const revokeSessions = (w: World, login: string, ids: readonly string[], reason: string): Outcome => {
  const me = operatorOf(w, login)
  if (!me) return unauthenticated
  const asked = [...new Set(ids)].sort()
  const by = { login, reason }
  if (me.role === 'auditor') {
    for (const id of asked) write(w, by, me.home, 'session.revoke_refused', id, { refused: 'MC403' })
    return refused
  }
  const within = new Map(sessionsWithin(w, login).map((session) => [session.id, session]))
  const ended: Ended[] = []
  const items = asked.map((id) => {
    const session = within.get(id)
    if (!session) {
      write(w, by, me.home, 'session.revoke_refused', id, { refused: 'MC404' })
      return { sessionId: id, outcome: 'notFound' }
    }
    const one = end(w, session, login, reason)
    ended.push(one)
    if (one.priorState !== 'revoked') write(w, by, session.place, 'session.revoked', id, sessionDetails(one))
    return { sessionId: id, outcome: outcomes[one.priorState] }
  })
  tell(
    w,
    ended.map(({ session }) => session),
  )
  const count = (outcome: string) => items.filter((item) => item.outcome === outcome).length
  return {
    code: count('notFound') > 0 ? 3 : 0,
    answer: {
      summary: {
        requested: asked.length,
        revoked: count('revoked'),
        alreadyRevoked: count('alreadyRevoked'),
        alreadyExpired: count('alreadyExpired'),
        notFound: count('notFound'),
        ...total(ended),
      },
      items,
    },
  }
}

/** A repeat with the same request id gets the first answer, and changes nothing. */
export const repeat = (w: World): Outcome =>
  w.answered && operatorOf(w, w.answered.login) ? w.answered.outcome : unauthenticated

/** A list is the preview of a revoke; what matches in no state at all is not found. */
export const revokeSelected = (
  w: World,
  login: string,
  selector: Selector,
  reason: string,
  most: number,
): Outcome => {
  if (!operatorOf(w, login)) return unauthenticated
  const found = select(w, login, selector)
  if (found.length > most) return refused
  if (found.length > 0)
    return revokeSessions(
      w,
      login,
      found.map(({ id }) => id),
      reason,
    )
  if (select(w, login, { ...selector, state: 'any' }).length === 0) return notFound
  return { code: 0, answer: { summary: { requested: 0, revoked: 0 }, items: [] } }
}
