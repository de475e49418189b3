import { isAdministrator, mayName, operatorOf, reachOf, sessionsWithin } from './reach.ts'
import { grantState, isLive, stateOf } from './session.ts'
import {
  byId,
  type Grant,
  notFound,
  type Outcome,
  type Session,
  type User,
  unauthenticated,
  type World,
} from './world.ts'

/** What the commands that only look answer. */

export interface Selector {
  readonly user?: User
  readonly kind?: Session['kind']
  readonly grant?: string
  readonly state?: 'active' | 'expired' | 'revoked' | 'any'
}

export const select = (
  w: World,
  login: string,
  { user, kind, grant, state = 'active' }: Selector,
): Session[] =>
  sessionsWithin(w, login).filter(
    (session) =>
      (!user || session.user === user) &&
      (!kind || session.kind === kind) &&
      (!grant || session.grant?.id === grant) &&
      (state === 'any' || stateOf(w, session) === state),
  )

const shown = (w: World, session: Session) => ({
  id: session.id,
  userId: session.user.id,
  organization: session.place,
  kind: session.kind,
  state: stateOf(w, session),
  supportAccessGrantId: session.grant?.id ?? null,
  revokedBy: session.revoked?.by ?? null,
  revokeReason: session.revoked?.reason ?? null,
})

export const listSessions = (w: World, login: string, selector: Selector): Outcome =>
  operatorOf(w, login)
    ? {
        code: 0,
        answer: select(w, login, selector)
          .map((session) => shown(w, session))
          .sort(byId),
      }
    : unauthenticated

export const showSession = (w: World, login: string, id: string): Outcome => {
  if (!operatorOf(w, login)) return unauthenticated
  const session = sessionsWithin(w, login).find((one) => one.id === id)
  return session ? { code: 0, answer: shown(w, session) } : notFound
}

export const countSessions = (w: World, login: string): Outcome => {
  if (!operatorOf(w, login)) return unauthenticated
  const count = (state: Selector['state'] & string) => select(w, login, { state }).length
  return { code: 0, answer: { active: count('active'), expired: count('expired') } }
}

export const listUsers = (w: World, login: string): Outcome => {
  const me = operatorOf(w, login)
  if (!me) return unauthenticated
  const users = w.users.filter(({ home }) => reachOf(w, login).includes(home))
  const one = ({ id, active }: User) => ({
    id,
    status: active ? 'active' : 'deactivated',
    activeSessions: select(w, login, {}).filter(({ user }) => user.id === id).length,
  })
  return { code: 0, answer: users.map(one).sort(byId) }
}

export const listGrants = (w: World, login: string): Outcome => {
  if (!operatorOf(w, login)) return unauthenticated
  const grants = w.grants.filter(({ place }) => reachOf(w, login).includes(place))
  const one = (grant: Grant) => ({
    id: grant.id,
    organization: grant.place,
    granteeUserId: grant.grantee.id,
    state: grantState(w, grant),
    activeSessions: w.sessions.filter((s) => s.grant === grant && stateOf(w, s) === 'active').length,
  })
  return { code: 0, answer: grants.map(one).sort(byId) }
}

/** Access has ended when no session is active, and no access token of an ended one gets through anywhere. */
export const verifyUser = (w: World, login: string, user: User, offboarded: boolean): Outcome => {
  if (!operatorOf(w, login) && !isAdministrator(w, login)) return unauthenticated
  if (!mayName(w, login, user)) return notFound
  const sessions = w.sessions.filter((session) => session.user === user)
  const alive = sessions.flatMap((session) =>
    stateOf(w, session) === 'active' ? [] : session.chain.filter(({ expires }) => expires > w.now),
  )
  const ended =
    sessions.every((session) => stateOf(w, session) !== 'active') &&
    alive.every(({ jti }) => w.blocked.has(jti) && w.told.has(jti)) &&
    (!offboarded || (!user.active && !w.grants.some((grant) => grant.grantee === user && isLive(w, grant))))
  return { code: ended ? 0 : 7, answer: { ended } }
}

/** The newest events of the own organization, newest first. */
export const listEvents = (w: World, login: string, limit: number): Outcome => {
  const me = operatorOf(w, login)
  return me ? { code: 0, answer: w.written[me.home].slice(-limit).reverse() } : unauthenticated
}
