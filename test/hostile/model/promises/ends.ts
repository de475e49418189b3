import { isAdministrator, operatorOf, reachOf, write } from './reach.ts'
import { causeOf, end, endOf, sessionDetails, stateOf, tell, total } from './session.ts'
import {
  hour,
  idOf,
  notFound,
  type Outcome,
  type Place,
  type Policy,
  places,
  refused,
  unauthenticated,
  usualSupport,
  type World,
} from './world.ts'

/** `sessions sweep` and `sessions policy set`: what ends by itself. */

/** Records what ended by itself, and ends what still hung on it. */
const sweepPlaces = (w: World, login: string, where: readonly Place[], reason: string) => {
  const causes: Record<string, number> = {}
  const ended = w.sessions
    .filter((session) => where.includes(session.place) && stateOf(w, session) === 'expired')
    .map((session) => {
      const cause = causeOf(w, session)
      causes[cause] = (causes[cause] ?? 0) + 1
      const one = end(w, session, login, cause)
      const { priorState: _, ...details } = sessionDetails(one)
      write(w, { login, reason }, session.place, 'session.expired', session.id, { ...details, cause })
      return one
    })
  tell(
    w,
    ended.map(({ session }) => session),
  )
  return { summary: { sessionsRevoked: ended.length, ...total(ended), skipped: 0 }, causes }
}

export const sweep = (w: World, login: string, reason: string): Outcome => {
  const me = operatorOf(w, login)
  const administrator = isAdministrator(w, login)
  if (!me && !administrator) return unauthenticated
  const reach = administrator ? places : reachOf(w, login)
  if (me && (me.role === 'auditor' || reach.length === 0)) {
    const code = me.role === 'auditor' ? 'MC403' : 'MC404'
    write(w, { login, reason }, me.home, 'session.sweep_refused', idOf[me.home], { refused: code })
    return code === 'MC403' ? refused : notFound
  }
  const { summary, causes } = sweepPlaces(w, login, reach, reason)
  const items = Object.entries(causes).map(([cause, sessions]) => ({ reason: cause, sessions }))
  return { code: 0, answer: { summary, items } }
}

/** In days and hours, as people write it. */
const inWords = (time: number | null): string | null => {
  if (time === null) return null
  const [days, hours] = [Math.floor(time / (24 * hour)), (time % (24 * hour)) / hour]
  return `${days > 0 ? `${days}d` : ''}${hours > 0 ? `${hours}h` : ''}`
}

const limitsOf = ({ idleTimeout, absoluteLifetime, maxSupportAccess }: Policy) => ({
  idleTimeout: inWords(idleTimeout),
  absoluteLifetime: inWords(absoluteLifetime),
  maxSupportAccess: inWords(maxSupportAccess ?? usualSupport),
})

/** A policy counts at once, for old sessions too, and what it cuts off is swept with it. */
export const setPolicy = (w: World, login: string, changes: Partial<Policy>, reason: string): Outcome => {
  const me = operatorOf(w, login)
  if (!me) return unauthenticated
  const by = { login, reason }
  if (me.role !== 'org_admin') {
    write(w, by, me.home, 'policy.set_refused', idOf[me.home], { refused: 'MC403' })
    return refused
  }
  const prior = w.policies[me.home]
  const policy = { ...prior, ...changes }
  const active = w.sessions.filter((s) => s.place === me.home && stateOf(w, s) === 'active')
  const cut = active.filter((session) => endOf(w, session, policy) <= w.now)
  w.policies[me.home] = policy
  const changed = JSON.stringify(policy) !== JSON.stringify(prior)
  if (changed) {
    const endNow = { sessions: cut.length, users: new Set(cut.map(({ user }) => user)).size }
    write(w, by, me.home, 'policy.changed', idOf[me.home], {
      prior: limitsOf(prior),
      policy: limitsOf(policy),
      endNow,
    })
  }
  const { summary } = sweepPlaces(w, login, [me.home], reason)
  return {
    code: 0,
    answer: { changed, summary: { activeSessions: active.length, endNow: cut.length, ...summary } },
  }
}
