import { randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import { migrate } from '../../src/postgres/migrate.ts'
import { connectAs, password } from './as-login.ts'
import type { PostgresServer } from './postgres.ts'

/** The template database that every test file clones. */
export const templateName = 'meander_template'

export const organizations = {
  hlf: '11111111-0000-4000-8000-000000000000',
  nhf: '22222222-0000-4000-8000-000000000000',
  empty: '44444444-0000-4000-8000-000000000000',
  platform: '00000000-0000-0000-0000-000000000000',
} as const

/** Users by first name: `kari` and `mari` are of hlf, `nils` and `per` of nhf, `gro` is platform staff. */
export const people = {
  kari: { id: '11111111-0000-4000-8000-000000000001', organization: 'hlf', role: 'org_admin' },
  mari: { id: '11111111-0000-4000-8000-000000000002', organization: 'hlf', role: 'peer_mentor' },
  ada: { id: '11111111-0000-4000-8000-000000000003', organization: 'hlf', role: 'coordinator' },
  ola: { id: '11111111-0000-4000-8000-000000000004', organization: 'hlf', role: 'member' },
  liv: { id: '11111111-0000-4000-8000-000000000005', organization: 'hlf', role: 'org_admin' },
  nils: { id: '22222222-0000-4000-8000-000000000001', organization: 'nhf', role: 'org_admin' },
  per: { id: '22222222-0000-4000-8000-000000000002', organization: 'nhf', role: 'member' },
  eva: { id: '44444444-0000-4000-8000-000000000001', organization: 'empty', role: 'org_admin' },
  gro: { id: '33333333-0000-4000-8000-000000000001', organization: null, role: 'global_admin' },
  siv: { id: '33333333-0000-4000-8000-000000000002', organization: null, role: 'global_admin' },
} as const

export type Person = keyof typeof people

export const emailOf = (person: Person): string =>
  `${person}@${people[person].organization ?? 'meander'}.example`

/**
 * Logins of the cluster: the operators `kari`, `nils`, `eva`, `gro`, `siv` and the auditor `ada`; `auth` in
 * meander_auth, `module` there and in meander_publisher, `publisher` in meander_publisher, `directory` in meander_directory, `stranger` in nothing, and
 * `admin`, an administrator without superuser.
 */
export const operators = ['kari', 'nils', 'eva', 'gro', 'siv', 'ada'] as const

const seed = `
insert into meander.organizations (id, slug, name) values
  ('${organizations.hlf}', 'hlf', 'Hjerte og lunge'), ('${organizations.nhf}', 'nhf', 'Nye hender'),
  ('${organizations.empty}', 'empty', 'Nobody yet');
insert into meander.users (id, organization_id, email, display_name, role) values
  ${Object.entries(people)
    .map(([name, { id, organization, role }]) => {
      const scope = organization === null ? 'null' : `'${organizations[organization]}'`
      return `('${id}', ${scope}, '${emailOf(name as Person)}', '${name.charAt(0).toUpperCase()}${name.slice(1)}', '${role}')`
    })
    .join(',\n  ')};
select ${operators.map((login) => `meander.add_operator('${login}', '${emailOf(login)}', ${login === 'ada' ? "'auditor'" : 'null'})`).join(', ')};
`

/** The logins belong to the cluster, so they are made once for each server. */
const logins = `
${[...operators, 'auth', 'module', 'publisher', 'directory', 'stranger', 'admin'].map((login) => `create role ${login} login password '${password}';`).join('\n')}
grant meander_auth to auth;
grant meander_auth, meander_publisher to module;
grant meander_publisher to publisher;
grant meander_directory to directory;
grant meander_owner to admin;
`

/** Makes the template: schema, three organizations, the people above, their logins; no session yet. */
export const createTemplate = async (server: PostgresServer): Promise<void> => {
  await server.createDatabase(templateName)
  const database = await connectAs(server, templateName, server.superuser)
  try {
    await migrate(database, { toolVersion: 'test', mode: 'redis', defaultMode: 'redis', dryRun: false })
    await database.query(logins)
    await database.query(seed)
  } finally {
    await database.close()
  }
}

/** A database with the schema and the people, of its own for the calling test file. */
export const peopledDatabase = (server: PostgresServer): Promise<string> => server.cloneDatabase(templateName)

/** A session as tests ask for it; what is left out is believable and alive. */
export interface SessionSeed {
  readonly id?: string
  readonly person: Person
  readonly organization?: keyof typeof organizations
  readonly kind?: 'mobile' | 'portal'
  readonly deviceType?: string | null
  readonly deviceName?: string | null
  readonly userAgent?: string | null
  readonly ip?: string | null
  /** Ages before now, as PostgreSQL intervals. */
  readonly createdAgo?: string
  readonly activeAgo?: string
  /** Until its own expiry; negative for an expired one. */
  readonly expiresIn?: string
  readonly grant?: string | null
  /** How many refresh tokens rotation made; 1 by default, the last one is live. */
  readonly chain?: number
}

export interface SeededSession {
  readonly id: string
  /** Oldest first; the last belongs to the live refresh token. */
  readonly jtis: readonly string[]
}

/**
 * Sessions with their chains, put past the guards so that old and expired ones can be made.
 * The access token of the live refresh token has 14 minutes left, older ones a minute less each.
 */
export const seedSessions = async (
  server: PostgresServer,
  database: string,
  seeds: readonly SessionSeed[],
): Promise<SeededSession[]> => {
  const client = new pg.Client({ connectionString: server.url('postgres', database) })
  await client.connect()
  try {
    await client.query("begin; set local session_replication_role = 'replica'")
    const made: SeededSession[] = []
    for (const s of seeds) {
      const id = s.id ?? randomUUID()
      const organization = organizations[s.organization ?? people[s.person].organization ?? 'platform']
      await client.query(
        `insert into meander.sessions (id, user_id, organization_id, kind, device_type, device_name, user_agent, ip,
           created_at, last_activity_at, expires_at, support_access_grant_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, now() - $9::interval, now() - $10::interval, now() + $11::interval, $12)`,
        [
          id,
          people[s.person].id,
          organization,
          s.kind ?? 'mobile',
          s.deviceType === undefined ? 'phone' : s.deviceType,
          s.deviceName === undefined ? 'iPhone 15' : s.deviceName,
          s.userAgent === undefined ? 'Meander/4.2 (iPhone; iOS 19.1)' : s.userAgent,
          s.ip === undefined ? '198.51.100.7' : s.ip,
          s.createdAgo ?? '1 hour',
          s.activeAgo ?? '1 minute',
          s.expiresIn ?? '30 days',
          s.grant ?? null,
        ],
      )
      const jtis: string[] = []
      let parent: string | null = null
      const length = s.chain ?? 1
      for (let n = 0; n < length; n++) {
        const [token, jti] = [randomUUID(), randomUUID()]
        const age = length - 1 - n
        await client.query(
          `insert into meander.refresh_tokens (id, session_id, organization_id, parent_id, token_hash, access_jti,
             access_expires_at, created_at, rotated_at)
           values ($1, $2, $3, $4, $5, $6, now() + interval '14 minutes' - $7 * interval '1 minute',
             now() - $7 * interval '1 minute', $8)`,
          [token, id, organization, parent, randomBytes(32), jti, age, age > 0 ? new Date() : null],
        )
        parent = token
        jtis.push(jti)
      }
      made.push({ id, jtis })
    }
    await client.query('commit')
    return made
  } finally {
    await client.end()
  }
}

/** A live grant for a global admin, as the organization's administrator would have given it. */
export const seedGrant = async (
  server: PostgresServer,
  database: string,
  person: 'gro' | 'siv',
  organization: 'hlf' | 'nhf',
  expiresIn = '1 hour',
): Promise<string> => {
  const [row] = await server.query<{ id: string }>(
    `insert into meander.support_access_grants (organization_id, grantee_user_id, granted_by, reason, expires_at)
     values ($1, $2, 'kari', 'support case', clock_timestamp() + $3::interval) returning id`,
    [organizations[organization], people[person].id, expiresIn],
    database,
  )
  if (!row) throw new Error('no grant was made')
  return row.id
}
