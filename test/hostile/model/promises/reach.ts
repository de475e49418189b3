import { isLive } from './session.ts'
import { type Event, type Outcome, type Place, places, type Session, type User, type World } from './world.ts'

/** Who is who, who reaches what, and what every act leaves on the record. */

/** The person behind a login, while the account is active. */
export const operatorOf = (w: World, login: string): User | null => {
  const user = w.logins[login]
  return user && user !== 'administrator' && user.active ? user : null
}

export const isAdministrator = (w: World, login: string): boolean => w.logins[login] === 'administrator'

/** The own organization; for staff those with a live grant. */
export const reachOf = (w: World, login: string): Place[] => {
  const me = operatorOf(w, login)
  if (!me) return []
  if (me.role !== 'global_admin') return [me.home]
  return places.filter((place) =>
    w.grants.some((grant) => grant.place === place && grant.grantee === me && isLive(w, grant)),
  )
}

export const sessionsWithin = (w: World, login: string): Session[] => {
  const reach = reachOf(w, login)
  return w.sessions.filter(({ place }) => reach.includes(place))
}

/** Whom a login may name: users within reach; an administrator those of no tenant. */
export const mayName = (w: World, login: string, { home }: User): boolean =>
  isAdministrator(w, login) ? home === 'platform' : home !== 'platform' && reachOf(w, login).includes(home)

/** Who acts, and why. */
interface By {
  readonly login: string
  readonly reason: string
}

/** Puts an event on the record of an organization. */
export const write = (
  w: World,
  { login, reason }: By,
  place: Place,
  action: string,
  target: string,
  details: Event['details'],
): void => {
  const user = w.logins[login]
  const actorUser = user && user !== 'administrator' ? user.id : null
  w.record.push({ place, actor: login, actorUser, action, target, reason, details })
}

/** The act without its traces, but for what was refused whole, or to the role: that is on the record all the same. */
export const tried = (w: World, act: () => Outcome): Outcome => {
  const events = w.record.length
  const [blocked, told, policies] = [[...w.blocked], [...w.told], structuredClone(w.policies)]
  const users = w.users.map(({ active }) => active)
  const grants = w.grants.map(({ revoked }) => revoked)
  const sessions = w.sessions.map(({ revoked, chain }) => ({ revoked, live: chain.map(({ live }) => live) }))
  const outcome = act()
  const kept = w.record.splice(events).filter(({ details }) => outcome.error || details.refused === 'MC403')
  w.record.push(...kept)
  for (const set of [w.blocked, w.told]) set.clear()
  for (const jti of blocked) w.blocked.add(jti)
  for (const jti of told) w.told.add(jti)
  Object.assign(w.policies, policies)
  for (const [at, user] of w.users.entries()) user.active = users[at] ?? false
  for (const [at, grant] of w.grants.entries()) grant.revoked = grants[at] ?? null
  for (const [at, session] of w.sessions.entries()) {
    session.revoked = sessions[at]?.revoked ?? null
    for (const [n, token] of session.chain.entries()) token.live = sessions[at]?.live[n] ?? false
  }
  return outcome
}
