import { asLogin } from './as-login.ts'
import { type NamedSessions, seedNamed } from './named-sessions.ts'
import { organizations, type Person, people, type SessionSeed, seedGrant } from './people.ts'
import type { PostgresServer } from './postgres.ts'

export type State = 'active' | 'expired' | 'revoked'

/** A session as it was seeded, and the state that it is in, by what the seed did to it and by no function. */
export interface Stated extends SessionSeed {
  readonly state: State
}

/** hlf ends its sessions after 30 days and after 2 idle hours; nhf lets them be. */
const seeds = (grants: Record<'live' | 'elsewhere' | 'over' | 'taken', string>) =>
  ({
    phone: { person: 'mari', state: 'active' },
    portal: { person: 'mari', state: 'active', kind: 'portal', chain: 0 },
    rotated: { person: 'ola', state: 'active', chain: 3 },
    almostIdle: { person: 'ola', state: 'active', activeAgo: '119 minutes', createdAgo: '3 hours' },
    almostOld: { person: 'ola', state: 'active', createdAgo: '29 days 23 hours' },
    idle: { person: 'mari', state: 'expired', activeAgo: '121 minutes', createdAgo: '3 hours' },
    idlePortal: {
      person: 'ola',
      state: 'expired',
      kind: 'portal',
      chain: 0,
      activeAgo: '1 day',
      createdAgo: '2 days',
    },
    overLifetime: { person: 'ola', state: 'expired', createdAgo: '31 days' },
    overItself: { person: 'kari', state: 'expired', kind: 'portal', chain: 0, expiresIn: '-1 second' },
    operator: { person: 'kari', state: 'active', kind: 'portal', chain: 0 },
    lost: { person: 'mari', state: 'revoked' },
    lostAndIdle: { person: 'mari', state: 'revoked', activeAgo: '5 hours', createdAgo: '6 hours' },
    loggedOut: { person: 'ola', state: 'revoked' },
    leaver: { person: 'liv', state: 'revoked' },
    leaverPortal: { person: 'liv', state: 'revoked', kind: 'portal', chain: 0 },
    visiting: { person: 'gro', organization: 'hlf', grant: grants.live, state: 'active' },
    browsing: {
      person: 'gro',
      organization: 'hlf',
      grant: grants.live,
      state: 'active',
      kind: 'portal',
      chain: 0,
    },
    idleVisit: {
      person: 'gro',
      organization: 'hlf',
      grant: grants.live,
      state: 'expired',
      activeAgo: '3 hours',
      createdAgo: '4 hours',
    },
    visitOver: { person: 'gro', organization: 'hlf', grant: grants.over, state: 'expired' },
    visitEnded: { person: 'siv', organization: 'hlf', grant: grants.taken, state: 'revoked' },
    visitElsewhere: { person: 'siv', organization: 'nhf', grant: grants.elsewhere, state: 'active' },
    office: { person: 'gro', state: 'active' },
    longIdle: { person: 'per', state: 'active', activeAgo: '20 days', createdAgo: '200 days' },
    nhfPortal: { person: 'nils', state: 'active', kind: 'portal', chain: 0 },
    nhfOver: { person: 'per', state: 'expired', expiresIn: '-1 minute' },
    nhfLost: { person: 'per', state: 'revoked' },
  }) as const satisfies Record<string, Stated>

export interface EveryState {
  readonly sessions: NamedSessions<string>
  readonly seeds: Readonly<Record<string, Stated>>
}

/** Sessions in every state there is, by whatever brought them there, of two organizations and the platform's staff. */
export const seedEveryState = async (server: PostgresServer, database: string): Promise<EveryState> => {
  const grants = {
    live: await seedGrant(server, database, 'gro', 'hlf'),
    over: await seedGrant(server, database, 'gro', 'hlf'),
    taken: await seedGrant(server, database, 'siv', 'hlf'),
    elsewhere: await seedGrant(server, database, 'siv', 'nhf'),
  }
  const named = seeds(grants)
  const sessions = await seedNamed<string>(server, database, named)
  await server.query(
    `insert into meander.organization_settings (organization_id, idle_timeout, absolute_lifetime)
     values ('${organizations.hlf}', '2 hours', '30 days');
     begin; set local session_replication_role = 'replica';
     update meander.support_access_grants set created_at = now() - interval '2 hours', expires_at = now()
     where id = '${grants.over}'; commit`,
    [],
    database,
  )

  const ended = (...names: readonly (keyof typeof named)[]) => names.map((name) => sessions.id[name])
  const [kari, nils, auth] = await Promise.all(
    ['kari', 'nils', 'auth'].map((login) => asLogin(server, database, login)),
  )
  const revoke = 'select meander.revoke_sessions($1, $2, null, null)'
  await kari?.rows(revoke, [ended('lost', 'lostAndIdle'), 'lost phone'])
  await nils?.rows(revoke, [ended('nhfLost'), 'lost phone'])
  await auth?.rows('select meander.end_session($1, $2)', [sessions.id.loggedOut, 'logout'])
  const offboard = 'select meander.offboard_users($1, $2, $3, null)'
  await kari?.rows(offboard, [[people.liv.id], ['left'], [null]])
  await kari?.rows('select meander.revoke_grants($1, $2, null, null)', [[grants.taken], 'case closed'])
  await Promise.all([kari, nils, auth].map((login) => login?.close()))
  return { sessions, seeds: named }
}

/** Where a session is, as its organization's people see it. */
export const placeOf = ({ organization, person }: Stated): string =>
  organization ?? people[person as Person].organization ?? 'platform'
