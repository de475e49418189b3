/**
 * What the product promises, as plain data and short functions: no SQL, no Redis, nothing of the product's own code.
 * A command is a function of the world: it changes it, puts its events on the record, and says what is answered.
 * Moments and durations are microseconds.
 */

export type Place = 'hlf' | 'nhf' | 'platform'
type Role = 'org_admin' | 'auditor' | 'global_admin' | 'member'

export interface User {
  readonly id: string
  readonly email: string
  /** Staff are at home on the platform. */
  readonly home: Place
  readonly role: Role
  active: boolean
}

export interface Grant {
  readonly id: string
  readonly place: Place
  readonly grantee: User
  readonly expires: number
  revoked: number | null
}

interface Token {
  readonly jti: string
  /** Of the access token that came with it. */
  readonly expires: number
  live: boolean
}

export interface Session {
  readonly id: string
  readonly user: User
  readonly place: Place
  readonly kind: 'mobile' | 'portal'
  readonly grant: Grant | null
  readonly created: number
  readonly expires: number
  activity: number
  revoked: { readonly by: string; readonly reason: string } | null
  readonly chain: Token[]
}

export interface Policy {
  idleTimeout: number | null
  absoluteLifetime: number | null
  maxSupportAccess: number | null
}

export interface Event {
  readonly place: Place
  readonly actor: string
  readonly actorUser: string | null
  readonly action: string
  readonly target: string
  readonly reason: string
  readonly details: Readonly<Record<string, unknown>>
}

export interface World {
  now: number
  readonly users: User[]
  /** Which login acts for whom; an administrator acts for nobody. */
  readonly logins: Readonly<Record<string, User | 'administrator'>>
  readonly grants: Grant[]
  readonly sessions: Session[]
  readonly policies: Record<Place, Policy>
  /** Every access token that was ever blocked. */
  readonly blocked: Set<string>
  /** What has to be in Redis for as long as it lives. */
  readonly told: Set<string>
  readonly record: Event[]
  /** Every record as it was read, intents and all, oldest first. */
  readonly written: Record<
    Place,
    { readonly seq: number; readonly action: string; readonly targetId: string }[]
  >
  /** What was answered to whom under a request id, the last one. */
  answered: { readonly login: string; readonly argv: readonly string[]; readonly outcome: Outcome } | null
}

/** What a command says: its exit code, and the parts of the answer that are held against the real one. */
export interface Outcome {
  readonly code: number
  readonly error?: string
  readonly answer?: unknown
}

export const hour = 3600_000_000
const usualSupport = 72 * hour

const places: readonly Place[] = ['hlf', 'nhf', 'platform']
export const idOf: Readonly<Record<Place, string>> = {
  hlf: '11111111-0000-4000-8000-000000000000',
  nhf: '22222222-0000-4000-8000-000000000000',
  platform: '00000000-0000-0000-0000-000000000000',
}

const unauthenticated: Outcome = { code: 4, error: 'UNAUTHENTICATED' }
const notFound: Outcome = { code: 3, error: 'NOT_FOUND' }
const refused: Outcome = { code: 5, error: 'REFUSED' }

// --- Sessions -------------------------------------------------------------------------------------------------

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
const causeOf = (w: World, session: Session): string =>
  endsOf(session, w.policies[session.place]).find(([, at]) => at === endOf(w, session))?.[0] ?? ''

export const stateOf = (w: World, session: Session): 'active' | 'expired' | 'revoked' =>
  session.revoked ? 'revoked' : endOf(w, session) > w.now ? 'active' : 'expired'
export const isLive = (w: World, { revoked, expires }: Grant): boolean => revoked === null && expires > w.now
const grantState = (w: World, grant: Grant): string =>
  grant.revoked !== null ? 'revoked' : isLive(w, grant) ? 'active' : 'expired'

/** Ends a session whole: it, what refreshes it, and every access token that still lives. */
const end = (w: World, session: Session, by: string, reason: string) => {
  const priorState = stateOf(w, session)
  const live = session.chain.filter((token) => token.live)
  const open = session.chain.filter(({ jti, expires }) => expires > w.now && !w.blocked.has(jti))
  session.revoked ??= { by, reason }
  for (const token of live) token.live = false
  for (const { jti } of open) w.blocked.add(jti)
  return { session, priorState, refreshTokensRevoked: live.length, accessTokensBlocked: open.length }
}
type Ended = ReturnType<typeof end>

/** Whoever did an act that was answered has told Redis. */
const tell = (w: World, sessions: readonly Session[]): void => {
  for (const { chain } of sessions)
    for (const { jti, expires } of chain) if (w.blocked.has(jti) && expires > w.now) w.told.add(jti)
}

const total = (ended: readonly Ended[]) => ({
  refreshTokensRevoked: ended.reduce((sum, one) => sum + one.refreshTokensRevoked, 0),
  accessTokensBlocked: ended.reduce((sum, one) => sum + one.accessTokensBlocked, 0),
})

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1)

// --- Who may do what ------------------------------------------------------------------------------------------

/** The person behind a login, while the account is active. */
const operatorOf = (w: World, login: string): User | null => {
  const user = w.logins[login]
  return user && user !== 'administrator' && user.active ? user : null
}
const isAdministrator = (w: World, login: string): boolean => w.logins[login] === 'administrator'

/** The own organization; for staff those with a live grant. */
export const reachOf = (w: World, login: string): Place[] => {
  const me = operatorOf(w, login)
  if (!me) return []
  if (me.role !== 'global_admin') return [me.home]
  return places.filter((place) =>
    w.grants.some((grant) => grant.place === place && grant.grantee === me && isLive(w, grant)),
  )
}

const sessionsWithin = (w: World, login: string): Session[] => {
  const reach = reachOf(w, login)
  return w.sessions.filter(({ place }) => reach.includes(place))
}

const write =
  (w: World, login: string, reason: string, place: Place) =>
  (action: string, target: string, details: Event['details']) => {
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

// --- Looking --------------------------------------------------------------------------------------------------

export interface Selector {
  readonly user?: User
  readonly kind?: Session['kind']
  readonly grant?: string
  readonly state?: 'active' | 'expired' | 'revoked' | 'any'
}

const select = (w: World, login: string, { user, kind, grant, state = 'active' }: Selector): Session[] =>
  sessionsWithin(w, login).filter(
    (session) =>
      (!user || session.user === user) &&
      (!kind || session.kind === kind) &&
      (!grant || session.grant?.id === grant) &&
      (state === 'any' || stateOf(w, session) === state),
  )

export const shown = (w: World, session: Session) => ({
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

/** The newest events of the own organization, newest first. */
export const listEvents = (w: World, login: string, limit: number): Outcome => {
  const me = operatorOf(w, login)
  return me ? { code: 0, answer: w.written[me.home].slice(-limit).reverse() } : unauthenticated
}

// --- Acting ---------------------------------------------------------------------------------------------------

const sessionDetails = ({ session, ...ended }: Ended) => ({
  userId: session.user.id,
  supportAccessGrantId: session.grant?.id ?? null,
  ...ended,
})

const outcomes = { active: 'revoked', revoked: 'alreadyRevoked', expired: 'alreadyExpired' } as const

export const revokeSessions = (w: World, login: string, ids: readonly string[], reason: string): Outcome => {
  const me = operatorOf(w, login)
  if (!me) return unauthenticated
  const asked = [...new Set(ids)].sort()
  const home = write(w, login, reason, me.home)
  if (me.role === 'auditor') {
    for (const id of asked) home('session.revoke_refused', id, { refused: 'MC403' })
    return refused
  }
  const within = new Map(sessionsWithin(w, login).map((session) => [session.id, session]))
  const ended: Ended[] = []
  const items = asked.map((id) => {
    const session = within.get(id)
    if (!session) {
      home('session.revoke_refused', id, { refused: 'MC404' })
      return { sessionId: id, outcome: 'notFound' }
    }
    const one = end(w, session, login, reason)
    ended.push(one)
    if (one.priorState !== 'revoked')
      write(w, login, reason, session.place)('session.revoked', id, sessionDetails(one))
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

/** Whom a login may name: users within reach; an administrator those of no tenant. */
const mayName = (w: World, login: string, { home }: User): boolean =>
  isAdministrator(w, login) ? home === 'platform' : home !== 'platform' && reachOf(w, login).includes(home)

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
    write(w, login, reason, me?.home ?? 'platform')(names.refused, user.id, { refused: 'MC403' })
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
  if (any) write(w, login, reason, user.home)('user.reinstated', user.id, {})
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
    write(w, login, reason, grant.place)('grant.revoked', grant.id, { granteeUserId: user.id })
  }
  // The organization that let somebody in sees what ended there.
  for (const one of ended.filter(({ session }) => session.grant))
    write(w, login, reason, one.session.place)('session.revoked', one.session.id, sessionDetails(one))
  if (verb === 'offboard') user.active = false
  const any = deactivated || ended.length > 0 || grants.length > 0
  if (any)
    write(
      w,
      login,
      reason,
      user.home,
    )(verb === 'offboard' ? 'user.offboarded' : 'user.signed_out', user.id, {
      sessions: ended.map(({ session }) => session.id),
      ...total(ended),
      ...(verb === 'offboard' && {
        grants: grants.map(({ id }) => id).sort(),
        priorStatus: deactivated ? 'active' : 'deactivated',
      }),
    })
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

/** Only an org admin lets staff in, only into the own organization, and no longer than its policy says. */
export const createGrant = (
  w: World,
  login: string,
  to: User,
  { length, asked, reason }: { readonly length: number; readonly asked: string; readonly reason: string },
): Outcome => {
  const me = operatorOf(w, login)
  if (!me) return unauthenticated
  const refuse = (code: string) =>
    write(
      w,
      login,
      reason,
      me.home,
    )('grant.create_refused', to.id, {
      refused: code,
      organization: null,
      expires: asked,
    })
  if (me.role !== 'org_admin') {
    refuse('MC403')
    return refused
  }
  if (!to.active) {
    refuse('MC404')
    return notFound
  }
  if (length > (w.policies[me.home].maxSupportAccess ?? usualSupport)) {
    refuse('MC403')
    return refused
  }
  // Its id and its exact end come with the answer.
  return { code: 0, answer: { granteeUserId: to.id, organization: me.home, state: 'active' } }
}

export const revokeGrants = (w: World, login: string, ids: readonly string[], reason: string): Outcome => {
  const me = operatorOf(w, login)
  if (!me) return unauthenticated
  const asked = [...new Set(ids)].sort()
  const home = write(w, login, reason, me.home)
  if (me.role === 'auditor') {
    for (const id of asked) home('grant.revoke_refused', id, { refused: 'MC403' })
    return refused
  }
  const mine = w.grants.filter((grant) =>
    me.role === 'org_admin' ? grant.place === me.home : grant.grantee === me,
  )
  const ended: Ended[] = []
  const items = asked.map((id) => {
    const grant = mine.find((one) => one.id === id)
    if (!grant) {
      home('grant.revoke_refused', id, { refused: 'MC404' })
      return { grantId: id, outcome: 'notFound', sessionsRevoked: 0 }
    }
    const state = grantState(w, grant)
    const there = write(w, login, reason, grant.place)
    const under = w.sessions.filter((s) => s.grant === grant).map((s) => end(w, s, login, reason))
    for (const one of under)
      if (one.priorState !== 'revoked') there('session.revoked', one.session.id, sessionDetails(one))
    ended.push(...under)
    if (state === 'active') {
      grant.revoked = w.now
      there('grant.revoked', id, { granteeUserId: grant.grantee.id })
    }
    return {
      grantId: id,
      outcome: outcomes[state as keyof typeof outcomes],
      sessionsRevoked: under.filter(({ priorState }) => priorState === 'active').length,
    }
  })
  tell(
    w,
    ended.map(({ session }) => session),
  )
  return {
    code: items.some(({ outcome }) => outcome === 'notFound') ? 3 : 0,
    answer: { summary: { requested: asked.length, ...total(ended) }, items },
  }
}

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
      write(w, login, reason, session.place)('session.expired', session.id, { ...details, cause })
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
    write(w, login, reason, me.home)('session.sweep_refused', idOf[me.home], { refused: code })
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
  const there = write(w, login, reason, me.home)
  if (me.role !== 'org_admin') {
    there('policy.set_refused', idOf[me.home], { refused: 'MC403' })
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
    there('policy.changed', idOf[me.home], { prior: limitsOf(prior), policy: limitsOf(policy), endNow })
  }
  const { summary } = sweepPlaces(w, login, [me.home], reason)
  return {
    code: 0,
    answer: { changed, summary: { activeSessions: active.length, endNow: cut.length, ...summary } },
  }
}

export const syncBlocklist = (w: World, login: string): Outcome => {
  if (!operatorOf(w, login) && !isAdministrator(w, login)) return unauthenticated
  tell(w, isAdministrator(w, login) ? w.sessions : sessionsWithin(w, login))
  return { code: 0 }
}

// --- The platform's side: what the Authentication Module does ---------------------------------------------------

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
