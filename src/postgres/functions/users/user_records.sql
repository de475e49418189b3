-- Users as they are listed: with the number of sessions that are active at p_at, and the last activity of any.
-- Runs with its caller's rights.
create or replace function meander.user_records(p_users uuid[], p_at timestamptz)
returns table (
  id uuid, email text, name text, organization_id uuid, organization text, role text, status text,
  deactivated_at timestamptz, active_sessions bigint, last_activity_at timestamptz
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select u.id, u.email, u.display_name, u.organization_id, o.slug, u.role, u.status, u.deactivated_at,
    (select count(*) from meander.session_details s
      where s.user_id = u.id and s.revoked_at is null and s.effective_expires_at > p_at),
    (select max(s.last_activity_at) from meander.sessions s where s.user_id = u.id)
  from unnest(p_users) with ordinality as asked (id, position)
  join meander.users u on u.id = asked.id
  left join meander.organizations o on o.id = u.organization_id
  order by asked.position
$$;
alter function meander.user_records owner to meander_functions;
grant execute on function meander.user_records to meander_system;
