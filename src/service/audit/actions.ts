import { type AuditAction, moment, type Store, session, user } from './action.ts'
import { actionsOfAccess } from './actions-of-access.ts'

/** The commands that read one organization's data: a global admin's are on its record before they see anything. */
const looks = [
  'sessions list',
  'sessions show',
  'sessions stats',
  'sessions watch',
  'sessions policy show',
  'users list',
  'users show',
  'users verify',
  'grants list',
  'grants show',
  'audit list',
  'audit timeline',
  'audit verify',
  'audit export',
  'trace',
]

/**
 * Every action, by what it is about: the one place that says what can be on the record, for the documentation and for
 * the tests.
 */
export const auditActions: readonly AuditAction[] = [
  ...actionsOfAccess,
  {
    action: 'intent.recorded',
    target: 'organization',
    says: 'A global admin said what comes next: committed on the organization’s record before the call under a grant sees or does anything',
    by: [
      ...looks,
      'sessions revoke',
      'sessions sweep',
      'sessions policy set',
      'users sign-out',
      'users offboard',
      'users reinstate',
      'apply',
      'audit checkpoint',
    ],
    changes: ['intents'],
    details: {
      function: 'the database function that is called',
      arguments:
        'its arguments, people by id and never by address; of a list of more than 100 entries its count and digest',
    },
    example: { function: 'get_session', arguments: { session } },
  },
  {
    action: 'audit.checkpointed',
    target: 'organization',
    says: 'A checkpoint of the record was taken: this event is the head that it signs',
    by: ['audit checkpoint'],
    changes: [],
    details: { keyId: 'the id of the public key that verifies it' },
    example: { keyId: 'SHA256:6iQJ3sQkeIuDY1oSL7LlJGOTuNtRTJeR6dKnqRS1RlA' },
  },
  {
    action: 'operator.added',
    target: 'operator',
    says: 'A login was registered; on the record of the user’s organization, or the platform’s, as all of these',
    by: ['operators add'],
    changes: ['operators'],
    details: {
      userId: 'whose login it is',
      role: 'the role that it acts in',
      loginOid: 'the login’s oid in PostgreSQL',
      priorLoginOid: 'null',
    },
    example: { userId: user, role: 'org_admin', loginOid: '16433', priorLoginOid: null },
  },
  {
    action: 'operator.rebound',
    target: 'operator',
    says: 'A registered login that had been dropped and made again was given its rights back',
    by: ['operators add'],
    changes: ['operators'],
    details: {
      userId: 'whose login it is',
      role: 'the role that it acts in',
      loginOid: 'the login’s oid now',
      priorLoginOid: 'the oid that it had before',
    },
    example: { userId: user, role: 'org_admin', loginOid: '16502', priorLoginOid: '16433' },
  },
  {
    action: 'operator.disabled',
    target: 'operator',
    says: 'A login lost its rights, and keeps its registration',
    by: ['operators disable'],
    changes: ['operators'],
    details: { userId: 'whose login it is', role: 'the role that it acted in' },
    example: { userId: user, role: 'auditor' },
  },
  {
    action: 'operator.enabled',
    target: 'operator',
    says: 'A disabled login was given its rights back',
    by: ['operators enable'],
    changes: ['operators'],
    details: {
      userId: 'whose login it is',
      role: 'the role that it acts in',
      disabledAt: 'when it had been disabled',
    },
    example: { userId: user, role: 'auditor', disabledAt: moment },
  },
  {
    action: 'operator.removed',
    target: 'operator',
    says: 'A login’s registration was deleted',
    by: ['operators remove'],
    changes: ['operators'],
    details: {
      userId: 'whose login it was',
      role: 'the role that it acted in',
      priorState: 'enabled, disabled, unbound, deactivated or without rights',
      disabledAt: 'when it had been disabled, or null',
    },
    example: { userId: user, role: 'org_admin', priorState: 'enabled', disabledAt: null },
  },
  {
    action: 'database.migrated',
    target: 'database',
    says: 'The schema was installed or brought up to date, or the blocklist’s mode was changed; on the platform’s record',
    by: ['db migrate'],
    changes: ['installation'],
    details: {
      priorVersion: 'the schema’s version before, null at first',
      version: 'its version now',
      priorBlocklistMode: 'redis or database before, null at first',
      blocklistMode: 'the same now',
      files: 'how many files of the schema were applied',
      toolVersion: 'the version of meanderctl that did it',
    },
    example: {
      priorVersion: 2,
      version: 3,
      priorBlocklistMode: 'redis',
      blocklistMode: 'redis',
      files: 12,
      toolVersion: '1.2.0',
    },
  },
]

/** Commands that leave nothing on the record, whoever runs them, and why; what they change nevertheless. */
export const unrecorded: Readonly<
  Record<string, { readonly because: string; readonly changes?: readonly Store[] }>
> = {
  'blocklist check': { because: 'whether one access token, whose jti one has, is blocked' },
  'blocklist status': { because: 'counts, without anybody’s data' },
  'blocklist sync': {
    because: 'carries to Redis what an act on the record has blocked',
    changes: ['token_blocklist', 'redis'],
  },
  'blocklist rebuild': {
    because: 'puts into Redis again what an act on the record has blocked',
    changes: ['token_blocklist', 'installation', 'redis'],
  },
  'operators list': { because: 'the administrator’s own books' },
  'db status': { because: 'the administrator’s own books' },
  'profile list': { because: 'this person’s own settings, without a database' },
  'profile show': { because: 'this person’s own settings, without a database' },
  'profile use': { because: 'this person’s own settings, without a database' },
  'profile add': { because: 'this person’s own settings, without a database' },
  'profile remove': { because: 'this person’s own settings, without a database' },
  whoami: { because: 'what the login itself is' },
  doctor: { because: 'the catalogue, which every login may read, and counts; no session, no person' },
  'doctor isolation': { because: 'rolls back every call that it makes' },
  completion: { because: 'asks no database; what it completes with, one reads without a record' },
  schema: { because: 'asks no database' },
  help: { because: 'nothing is asked of any database' },
  demo: { because: 'an embedded store on this machine; the revocation in it is on that store’s record' },
}
