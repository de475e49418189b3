import { operatorOf, write } from './reach.ts'
import { type Ended, end, grantState, outcomes, sessionDetails, tell, total } from './session.ts'
import {
  notFound,
  type Outcome,
  refused,
  type User,
  unauthenticated,
  usualSupport,
  type World,
} from './world.ts'

/** `grants create` and `grants revoke`. */

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
    write(w, { login, reason }, me.home, 'grant.create_refused', to.id, {
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
  const by = { login, reason }
  if (me.role === 'auditor') {
    for (const id of asked) write(w, by, me.home, 'grant.revoke_refused', id, { refused: 'MC403' })
    return refused
  }
  const mine = w.grants.filter((grant) =>
    me.role === 'org_admin' ? grant.place === me.home : grant.grantee === me,
  )
  const ended: Ended[] = []
  const items = asked.map((id) => {
    const grant = mine.find((one) => one.id === id)
    if (!grant) {
      write(w, by, me.home, 'grant.revoke_refused', id, { refused: 'MC404' })
      return { grantId: id, outcome: 'notFound', sessionsRevoked: 0 }
    }
    const state = grantState(w, grant)
    const under = w.sessions.filter((s) => s.grant === grant).map((s) => end(w, s, login, reason))
    for (const one of under)
      if (one.priorState !== 'revoked')
        write(w, by, grant.place, 'session.revoked', one.session.id, sessionDetails(one))
    ended.push(...under)
    if (state === 'active') {
      grant.revoked = w.now
      write(w, by, grant.place, 'grant.revoked', id, { granteeUserId: grant.grantee.id })
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
