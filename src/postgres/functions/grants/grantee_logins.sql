-- The role oids of everybody's logins who holds one of these grants: of those that the caller may end, and that are
-- live or ended within 15 minutes, so that an old grant is no lever against somebody who works elsewhere.
-- Raises MC400, MC401.
create or replace function meander.grantee_logins(p_grants uuid[])
returns oid[]
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(distinct o.login_oid), '{}')
  from meander.support_access_grants g
  join meander.operators o on o.user_id = g.grantee_user_id
  where g.id = any (meander.revocable_grants(p_grants))
    and least(g.revoked_at, g.expires_at) > clock_timestamp() - interval '15 minutes'
$$;
alter function meander.grantee_logins owner to meander_guard;
grant execute on function meander.grantee_logins to meander_signal;
