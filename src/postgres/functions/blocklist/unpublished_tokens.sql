-- The blocked access tokens of these sessions that Redis may not know yet: still usable at the API until they
-- expire. Empty where the platform reads the database itself. Only sessions that are within reach, or that
-- this login ended, count.
-- Raises MC400, MC401.
create or replace function meander.unpublished_tokens(p_sessions uuid[])
returns table (jti uuid, session_id uuid, expires_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform meander.check_targets(p_sessions);
  if (meander.current_operator()).login is null and not meander.is_administrator() then
    raise exception using errcode = 'MC401', message = 'this login is no enabled operator of an active user';
  end if;
  return query
  select b.jti, b.session_id, b.expires_at
  from meander.token_blocklist b
  join meander.sessions s on s.id = b.session_id
  where b.session_id = any (p_sessions)
    and (s.revoked_by = session_user or s.organization_id = (meander.current_operator()).organization_id)
    and b.published_at is null
    and b.expires_at > clock_timestamp()
    and (select i.blocklist_mode from meander.installation i) = 'redis'
  order by b.expires_at, b.jti;
end
$$;
alter function meander.unpublished_tokens owner to meander_system;
grant execute on function meander.unpublished_tokens to meander_operator, meander_owner;
