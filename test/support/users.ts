import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { organizations } from './people.ts'
import type { PostgresServer } from './postgres.ts'

/** A folder of a test file's own. */
export const ownFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'meanderctl-users-'))
  let files = 0
  return {
    path: (name: string) => join(folder, name),
    saved: (content: string | Uint8Array): string => {
      const path = join(folder, `users-${++files}.csv`)
      writeFileSync(path, content)
      return path
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** One row of a report, by the names of its columns. */
export interface ReportLine {
  readonly row: string
  readonly email: string
  readonly user_id: string
  readonly reason: string
  readonly ticket: string
  readonly outcome: string
  readonly sessions_revoked: string
  readonly message: string
}

/** A report as another program reads it. */
export const readReport = (path: string): ReportLine[] => parse(readFileSync(path), { columns: true })

export interface Crowd {
  readonly name: string
  /** Rows of a list in the order of the numbers, from 1. */
  readonly emails: readonly string[]
}

/** Many members of an organization, each with mobile sessions whose chains have one live token. */
export const seedCrowd = async (
  server: PostgresServer,
  database: string,
  name: string,
  count: number,
  { organization = 'hlf', sessions = 1 }: { organization?: 'hlf' | 'nhf' | 'empty'; sessions?: number } = {},
): Promise<Crowd> => {
  await server.query(
    `begin;
     set local session_replication_role = 'replica';
     with crowd as (
       insert into meander.users (id, organization_id, email, display_name, role)
       select gen_random_uuid(), '${organizations[organization]}', format('${name}-%s@${organization}.example', n),
         format('%s, No %s', '${name}', n), 'member'
       from generate_series(1, ${count}) as n returning id, organization_id
     ), held as (
       insert into meander.sessions (id, user_id, organization_id, kind, device_type, created_at, last_activity_at, expires_at)
       select gen_random_uuid(), id, organization_id, 'mobile', 'phone', now() - interval '1 hour', now(), now() + interval '30 days'
       from crowd, generate_series(1, ${sessions}) returning id, organization_id
     )
     insert into meander.refresh_tokens (id, session_id, organization_id, token_hash, access_jti, access_expires_at)
     select gen_random_uuid(), id, organization_id, sha256(id::text::bytea), gen_random_uuid(), now() + interval '14 minutes'
     from held;
     commit; analyze meander.users; analyze meander.sessions; analyze meander.refresh_tokens`,
    [],
    database,
  )
  const emails = Array.from({ length: count }, (_, n) => `${name}-${n + 1}@${organization}.example`)
  return { name, emails }
}

/** A list with one column. */
export const listOf = (emails: readonly string[]): string => `email\n${emails.join('\n')}\n`

/** What a crowd still has, and what is on the record of it: the same for all of them when they were ended once. */
export const stateOf = async (server: PostgresServer, database: string, { name }: Pick<Crowd, 'name'>) => {
  const [row] = await server.query<
    Record<'active' | 'sessions' | 'tokens' | 'open' | 'events' | 'recorded', number>
  >(
    `with crowd as (select * from meander.users where email ^@ '${name}-'),
       held as (select s.* from meander.sessions s join crowd c on c.id = s.user_id),
       token as (select t.* from meander.refresh_tokens t join held s on s.id = t.session_id),
       event as (select a.target_id from meander.audit_log a join crowd c on c.id::text = a.target_id
         where a.action in ('user.offboarded', 'user.signed_out'))
     select (select count(*)::int from crowd where status = 'active') as active,
       (select count(*)::int from held where revoked_at is null) as sessions,
       (select count(*)::int from token where rotated_at is null and revoked_at is null) as tokens,
       (select count(*)::int from token t where t.access_expires_at > now()
         and not exists (select from meander.token_blocklist b where b.jti = t.access_jti)) as open,
       (select count(*)::int from event) as events,
       (select count(distinct target_id)::int from event) as recorded`,
    [],
    database,
  )
  return row
}

/** A crowd that was off-boarded whole, each of them once. */
export const endedOnce = (count: number) => ({
  active: 0,
  sessions: 0,
  tokens: 0,
  open: 0,
  events: count,
  recorded: count,
})

/** Breaks in an organization's chain: gaps, links that do not fit, and a head that is another. */
export const chainBreaks = async (
  server: PostgresServer,
  database: string,
  organization: keyof typeof organizations,
): Promise<number> => {
  const [row] = await server.query<{ breaks: number }>(
    `with chain as (
       select a.seq, a.hash, a.prev_hash, lag(a.seq, 1, 0) over w as seq_before, lag(a.hash) over w as hash_before
       from meander.audit_log a where a.organization_id = '${organizations[organization]}' window w as (order by a.seq)
     )
     select (select count(*) from chain
         where seq <> seq_before + 1 or (hash_before is not null and prev_hash <> hash_before))::int
       + (select count(*) from meander.audit_heads h where h.organization_id = '${organizations[organization]}'
         and not exists (select from chain c where (c.seq, c.hash) = (h.seq, h.hash)
           and c.seq = (select max(seq) from chain)))::int as breaks`,
    [],
    database,
  )
  return row?.breaks ?? -1
}

/** What was done in an organization since the schema was installed and its operators registered, oldest first. */
export const eventsOf = (
  server: PostgresServer,
  database: string,
  organization: keyof typeof organizations,
  since = 0,
) =>
  server.query<{
    seq: number
    actor: string
    action: string
    target_id: string
    details: Record<string, unknown>
  }>(
    `select seq::int, actor, action, target_id, reason, ticket, request_id, details
     from meander.audit_log where organization_id = $1 and seq > $2 and action !~ '^(operator|database)[.]' order by seq`,
    [organizations[organization], since],
    database,
  )
