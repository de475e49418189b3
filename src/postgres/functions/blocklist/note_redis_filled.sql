-- Notes which Redis servers hold every blocked token now, by the run_id of each: another one has to be filled first.
-- Raises MC400, MC401 (only the publisher and the administrator can have filled them).
create or replace function meander.note_redis_filled(p_run_ids text[])
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
begin
  if not (pg_has_role(session_user, 'meander_publisher', 'member') or meander.is_administrator()) then
    raise exception using errcode = 'MC401', message = 'only the publisher and the administrator see the whole blocklist';
  elsif p_run_ids is null or cardinality(p_run_ids) not between 1 and 1000
    or exists (select from unnest(p_run_ids) as r where r is null or length(r) > 100) then
    raise exception using errcode = 'MC400', message = 'run ids are required, and none may be null';
  end if;
  update meander.installation i
  set redis_run_ids = (select array_agg(distinct r order by r) from unnest(p_run_ids) as r);
end
$$;
alter function meander.note_redis_filled owner to meander_system;
grant execute on function meander.note_redis_filled to meander_publisher, meander_owner;
