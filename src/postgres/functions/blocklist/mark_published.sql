-- Notes that these blocked tokens are in Redis. Returns how many were noted now.
-- Raises MC400, MC401.
create or replace function meander.mark_published(p_jtis uuid[])
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
  v_organizations uuid[] := meander.publishable_organizations();
  v_count integer;
begin
  perform meander.check_targets(p_jtis);
  if v_organizations is null then
    raise exception using errcode = 'MC401', message = 'this login may not publish the blocklist';
  end if;
  update meander.token_blocklist
  set published_at = clock_timestamp()
  where jti = any (p_jtis) and organization_id = any (v_organizations) and published_at is null;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
alter function meander.mark_published owner to meander_functions;
grant execute on function meander.mark_published to meander_operator, meander_publisher, meander_owner;
