-- Grants as they are listed, in the order asked: their state at p_at, the sessions that are active then, and what
-- each has opened so far: sessions, reads and acts. Runs with its caller's rights.
create or replace function meander.grant_records(p_grants uuid[], p_at timestamptz)
returns table (
  id uuid, organization_id uuid, organization text, grantee_user_id uuid, grantee_email text, granted_by text,
  reason text, ticket text, created_at timestamptz, expires_at timestamptz, state text, revoked_at timestamptz,
  revoked_by text, active_sessions bigint, sessions bigint, reads bigint, acts bigint
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with opened as (
    select i.grant_id, count(*) filter (where i.reads) as reads, count(*) filter (where not i.reads) as acts
    from meander.grant_intents(p_grants) i
    group by i.grant_id
  )
  select g.id, g.organization_id, o.slug, g.grantee_user_id, u.email, g.granted_by, g.reason, g.ticket, g.created_at,
    g.expires_at, meander.session_state(g.revoked_at, g.expires_at, p_at), g.revoked_at, g.revoked_by,
    (select count(*) from meander.session_details s
      where s.support_access_grant_id = g.id and s.revoked_at is null and s.effective_expires_at > p_at),
    (select count(*) from meander.sessions s where s.support_access_grant_id = g.id),
    coalesce(opened.reads, 0), coalesce(opened.acts, 0)
  from unnest(p_grants) with ordinality as asked (id, position)
  join meander.support_access_grants g on g.id = asked.id
  join meander.organizations o on o.id = g.organization_id
  left join meander.users u on u.id = g.grantee_user_id
  left join opened on opened.grant_id = g.id
  order by asked.position
$$;
alter function meander.grant_records owner to meander_functions;
