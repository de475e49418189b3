-- Notes that these blocked tokens are in Redis. Returns how many were noted now.
-- A global admin notes only what that login ended; everybody what they ended of their own.
-- Raises MC400, MC401.
create or replace function meander.mark_published(p_jtis uuid[])
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
  v_organizations uuid[] := meander.publishable_organizations();
  v_own uuid[] := meander.own_ended_sessions();
  v_ended_by_me boolean := (meander.current_operator()).role = 'global_admin';
  v_count integer;
begin
  perform meander.check_targets(p_jtis);
  if v_organizations is null then
    raise exception using errcode = 'MC401', message = 'this login may not publish the blocklist';
  end if;
  update meander.token_blocklist b
  set published_at = clock_timestamp()
  where b.jti = any (p_jtis) and b.published_at is null
    and (b.session_id = any (v_own)
      or b.organization_id = any (v_organizations) and (v_ended_by_me is not true or exists (
        select from meander.sessions s where s.id = b.session_id and s.revoked_by = session_user)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
alter function meander.mark_published owner to meander_functions;
grant execute on function meander.mark_published to meander_operator, meander_publisher, meander_owner;
