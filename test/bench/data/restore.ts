import { organizations } from '../../support/people.ts'
import type { PostgresServer } from '../../support/postgres.ts'

/**
 * Undoes what comparisons did to a seeded database, so that the next run finds what this one found: sessions and
 * accounts that ended later are alive again, what is newer than the seed is gone, the record ends where it ended.
 * @param at when it was seeded, as PostgreSQL writes it
 * @param events that nhf's chain was seeded with; the other chains were empty
 */
export const restore = async (
  server: PostgresServer,
  database: string,
  { at, events }: { at: string; events: number },
): Promise<void> => {
  const later = `> '${at}'::timestamptz`
  await server.query(
    `set local session_replication_role = replica;
     create temporary table fresh on commit drop as
     select s.id from meander.organizations o join meander.sessions s on s.organization_id = o.id and s.created_at ${later};
     create temporary table ended on commit drop as
     select s.id from meander.organizations o join meander.sessions s on s.organization_id = o.id and s.revoked_at ${later};
     analyze fresh, ended;
     delete from meander.refresh_tokens t using fresh where t.session_id = fresh.id;
     delete from meander.sessions s using fresh where s.id = fresh.id;
     update meander.refresh_tokens t set revoked_at = null from ended where t.session_id = ended.id and t.revoked_at ${later};
     update meander.sessions s set revoked_at = null, revoked_by = null, revoke_reason = null from ended where s.id = ended.id;
     truncate meander.token_blocklist, meander.intents, meander.requests, meander.plans;
     delete from meander.users where created_at ${later};
     update meander.users set status = 'active', deactivated_at = null where deactivated_at ${later};
     delete from meander.audit_log a using meander.audit_heads h
     where a.organization_id = h.organization_id
       and a.seq > case h.organization_id when '${organizations.nhf}' then ${events} else 0 end;
     update meander.audit_heads set seq = default, hash = default where organization_id <> '${organizations.nhf}';
     update meander.audit_heads h set seq = a.seq, hash = a.hash from meander.audit_log a
     where h.organization_id = '${organizations.nhf}' and a.organization_id = h.organization_id and a.seq = ${events};`,
    [],
    database,
  )
  await server.query('vacuum analyze meander.sessions, meander.refresh_tokens', [], database)
}
