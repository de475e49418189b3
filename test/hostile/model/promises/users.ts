import { isAdministrator, mayName, operatorOf, write } from './reach.ts'
import { end, isLive, sessionDetails, tell, total } from './session.ts'
import { byId, notFound, type Outcome, refused, type User, unauthenticated, type World } from './world.ts'

/** `users sign-out`, `offboard` and `reinstate`. */

const verbs = {
  'sign-out': { done: 'signedOut', already: 'alreadySignedOut', refused: 'user.sign_out_refused' },
  offboard: { done: 'offboarded', already: 'alreadyOffboarded', refused: 'user.offboard_refused' },
  reinstate: { done: 'reinstated', already: 'alreadyActive', refused: 'user.reinstate_refused' },
} as const

export type UserVerb = keyof typeof verbs

/** Nobody off-boards themselves, or an organization's last org admins. */
const mayNotLeave = (w: World, login: string, users: readonly User[]) => (user: User) =>
  user === w.logins[login] ||
  (user.role === 'org_admin' &&
    user.active &&
    !w.users.some(
      (other) =>
        other.home === user.home && other.role === 'org_admin' && other.active && !users.includes(other),
    ))

export const actOnUsers = (
  w: World,
  login: string,
  verb: UserVerb,
  users: readonly User[],
  { reason, skip }: { readonly reason: string; readonly skip: boolean },
): Outcome => {
  const me = operatorOf(w, login)
  const administrator = isAdministrator(w, login)
  if (!me && !administrator) return unauthenticated
  const names = verbs[verb]
  const refuse = (user: User) =>
    write(w, { login, reason }, me?.home ?? 'platform', names.refused, user.id, { refused: 'MC403' })
  const found = users.filter((user) => mayName(w, login, user))
  const kept = verb === 'offboard' && !administrator ? found.filter(mayNotLeave(w, login, found)) : []
  for (const user of kept) refuse(user)
  if (me?.role === 'auditor' && kept.length > 0) return refused
  const good = found.filter((user) => !kept.includes(user))
  const wrong = users.length - good.length
  if (wrong > 0 && !skip) return found.length < users.length ? notFound : refused

  const may = me ? me.role === 'org_admin' || (me.role === 'global_admin' && verb !== 'reinstate') : true
  if (!may && good.length > 0) {
    for (const user of good) refuse(user)
    return refused
  }
  const sum = { sessionsRevoked: 0, accessTokensBlocked: 0, grantsRevoked: 0, done: 0 }
  const items = users.map((user) => {
    if (!found.includes(user)) return { outcome: 'notFound', sessionsRevoked: 0 }
    if (!good.includes(user)) return { outcome: 'refused', sessionsRevoked: 0 }
    const done =
      verb === 'reinstate' ? reinstate(w, login, user, reason) : endUser(w, login, user, reason, verb)
    sum.sessionsRevoked += done.sessionsRevoked
    sum.accessTokensBlocked += done.accessTokensBlocked
    sum.grantsRevoked += done.grantsRevoked
    sum.done += done.any ? 1 : 0
    return { outcome: done.any ? names.done : names.already, sessionsRevoked: done.sessionsRevoked }
  })
  const { done, ...sums } = sum
  return {
    code: wrong > 0 ? 6 : 0,
    answer: {
      summary: {
        rows: users.length,
        [names.done]: done,
        [names.already]: good.length - done,
        notFound: users.length - found.length,
        refused: kept.length,
        ...sums,
      },
      items,
    },
  }
}

const reinstate = (w: World, login: string, user: User, reason: string) => {
  const any = !user.active
  user.active = true
  if (any) write(w, { login, reason }, user.home, 'user.reinstated', user.id, {})
  return { any, sessionsRevoked: 0, accessTokensBlocked: 0, grantsRevoked: 0 }
}

/** Account and grants when somebody leaves, and always every session that was not ended before. */
const endUser = (w: World, login: string, user: User, reason: string, verb: 'sign-out' | 'offboard') => {
  const deactivated = verb === 'offboard' && user.active
  const grants = verb === 'offboard' ? w.grants.filter((g) => g.grantee === user && isLive(w, g)) : []
  const ended = w.sessions
    .filter((session) => session.user === user && !session.revoked)
    .sort(byId)
    .map((session) => end(w, session, login, reason))
  for (const grant of grants) {
    grant.revoked = w.now
    write(w, { login, reason }, grant.place, 'grant.revoked', grant.id, { granteeUserId: user.id })
  }
  // The organization that let somebody in sees what ended there.
  for (const one of ended.filter(({ session }) => session.grant))
    write(w, { login, reason }, one.session.place, 'session.revoked', one.session.id, sessionDetails(one))
  if (verb === 'offboard') user.active = false
  const any = deactivated || ended.length > 0 || grants.length > 0
  if (any)
    write(
      w,
      { login, reason },
      user.home,
      verb === 'offboard' ? 'user.offboarded' : 'user.signed_out',
      user.id,
      {
        sessions: ended.map(({ session }) => session.id),
        ...total(ended),
        ...(verb === 'offboard' && {
          grants: grants.map(({ id }) => id).sort(),
          priorStatus: deactivated ? 'active' : 'deactivated',
        }),
      },
    )
  tell(
    w,
    w.sessions.filter((session) => session.user === user),
  )
  return {
    any,
    sessionsRevoked: ended.filter(({ priorState }) => priorState === 'active').length,
    accessTokensBlocked: total(ended).accessTokensBlocked,
    grantsRevoked: grants.length,
  }
}
