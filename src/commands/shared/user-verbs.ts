import type { UserAct } from '../../service/users/users.ts'
import { endsOfAct, endsOfEnding, type Teaching } from './teaching.ts'

/** One of the three acts on people in words; what it does is the database's. */
export interface Verb {
  readonly name: string
  readonly act: UserAct
  readonly kind: string
  readonly description: string
  readonly teaching: Teaching
  /** What it came to, in words and as JSON fields. */
  readonly done: readonly [words: string, field: string]
  readonly already: readonly [words: string, field: string]
  readonly consequence: string
  /** The question for whom it is meant, without its mark, when nobody was named. */
  readonly whom: string
  /** Users of this status alone can be meant. */
  readonly status?: 'active' | 'deactivated'
}

/** The acts on people, by the name that the database knows them by. */
export const verbs: Record<UserAct, Verb> = {
  sign_out: {
    name: 'sign-out',
    act: 'sign_out',
    kind: 'SignOutResult',
    description: 'Sign users out everywhere; their accounts stay and they may log in again',
    teaching: {
      examples: [
        [
          'A stolen phone, whichever it is',
          'meanderctl users sign-out mari@hlf.example --reason "phone stolen" --ticket INC-50 --yes',
        ],
        [
          'Everybody in a list',
          'meanderctl users sign-out --file season.csv --reason "password list leaked" --dry-run',
        ],
      ],
      ends: endsOfEnding,
      unlike: {
        'sessions revoke': 'ends the sessions that match when you look, one event per session',
        'users offboard': 'also keeps the user from logging in again',
      },
      notes:
        'Ends every session that the user has when it runs, one audit event per user. The user may log in again, and grants stay.',
    },
    done: ['signed out', 'signedOut'],
    already: ['had no session', 'alreadySignedOut'],
    consequence: 'will be signed out everywhere; they may log in again',
    whom: 'Sign which user out everywhere',
    status: 'active',
  },
  offboard: {
    name: 'offboard',
    act: 'offboard',
    kind: 'OffboardResult',
    description: 'Off-board users: account deactivated, every session, token and grant ended',
    teaching: {
      examples: [
        [
          'Somebody leaves',
          'meanderctl users offboard ada@hlf.example --reason "left the organization" --ticket HR-7 --yes',
        ],
        [
          'Many leave: a plan first, for apply',
          'meanderctl users offboard --file season.csv --plan season.plan --expires-in 2h --max-affected 50 --reason "season ended" --ticket HR-40',
        ],
      ],
      ends: endsOfEnding,
      unlike: {
        'users sign-out': 'ends sessions and leaves the account as it is',
        'sessions revoke': 'ends single sessions',
        'grants revoke': 'ends one support access grant; its holder stays',
        'operators disable': 'takes a login’s rights to operate; the person stays',
      },
      notes:
        'The account is deactivated, so the database refuses every new login. To take it back: users reinstate (sessions and grants stay ended).',
    },
    done: ['off-boarded', 'offboarded'],
    already: ['off-boarded before', 'alreadyOffboarded'],
    consequence: 'will be off-boarded: account deactivated, every session, token and grant ended',
    whom: 'Off-board which user: deactivate the account, end every session, token and grant',
    status: 'active',
  },
  reinstate: {
    name: 'reinstate',
    act: 'reinstate',
    kind: 'ReinstateResult',
    description: 'Give deactivated users their accounts back; what ended stays ended',
    teaching: {
      examples: [
        [
          'Off-boarded by mistake',
          'meanderctl users reinstate mari@hlf.example --reason "new password" --ticket INC-42 --yes',
        ],
      ],
      ends: [...endsOfAct, 'PARTIAL'],
      unlike: { 'operators enable': 'gives a disabled login its rights to operate back' },
      notes:
        'Undoes only the deactivation: the users may log in again. Sessions and support access grants stay ended.',
    },
    done: ['reinstated', 'reinstated'],
    already: ['active before', 'alreadyActive'],
    consequence: 'will get their accounts back and may log in',
    whom: 'Give which user the account back',
    status: 'deactivated',
  },
}
