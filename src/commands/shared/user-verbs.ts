import type { UserAct } from '../../service/users/users.ts'

/** One of the three acts on people in words; what it does is the database's. */
export interface Verb {
  readonly name: string
  readonly act: UserAct
  readonly kind: string
  readonly description: string
  readonly help: string
  /** What it came to, in words and as JSON fields. */
  readonly done: readonly [words: string, field: string]
  readonly already: readonly [words: string, field: string]
  readonly consequence: string
}

/** The acts on people, by the name that the database knows them by. */
export const verbs: Record<UserAct, Verb> = {
  sign_out: {
    name: 'sign-out',
    act: 'sign_out',
    kind: 'SignOutResult',
    description: 'Sign users out everywhere; their accounts stay and they may log in again',
    help: `
Ends every session that the user has when it runs, one audit event per user.
sessions revoke --user ends the sessions that match when you look, one audit
event per session. Neither keeps the user from logging in again: that is
users offboard.`,
    done: ['signed out', 'signedOut'],
    already: ['had no session', 'alreadySignedOut'],
    consequence: 'will be signed out everywhere; they may log in again',
  },
  offboard: {
    name: 'offboard',
    act: 'offboard',
    kind: 'OffboardResult',
    description: 'Off-board users: account deactivated, every session, token and grant ended',
    help: `
The account is deactivated, so the database refuses every new login. To end
sessions and leave the account as it is: users sign-out. To take it back:
users reinstate (sessions and grants stay ended).`,
    done: ['off-boarded', 'offboarded'],
    already: ['off-boarded before', 'alreadyOffboarded'],
    consequence: 'will be off-boarded: accounts deactivated, every session, token and grant ended',
  },
  reinstate: {
    name: 'reinstate',
    act: 'reinstate',
    kind: 'ReinstateResult',
    description: 'Give deactivated users their accounts back; what ended stays ended',
    help: `
Undoes only the deactivation: the users may log in again. Sessions and support
access grants stay ended.`,
    done: ['reinstated', 'reinstated'],
    already: ['active before', 'alreadyActive'],
    consequence: 'will get their accounts back and may log in',
  },
}
