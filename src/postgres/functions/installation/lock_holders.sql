-- Who keeps a waiting session of the caller's own from going on: login, pid and since when its transaction runs, which
-- is null where nobody could grant pg_read_all_stats (db migrate says so). Those who wait themselves are passed over
-- for the ones whom they wait for. Tells of nobody else's session.
-- p_pid: the backend that waits.
create or replace function meander.lock_holders(p_pid integer)
returns table (login text, pid integer, since timestamptz)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  with recursive held_up (pid, by) as (
    select a.pid, pg_blocking_pids(a.pid)
    from pg_stat_activity a
    where a.pid = p_pid and a.usesysid = (select r.oid from pg_roles r where r.rolname = session_user)
    union
    select holder, pg_blocking_pids(holder)
    from held_up, unnest(held_up.by) as holder
  )
  select a.usename, a.pid, a.xact_start
  from held_up
  join pg_stat_activity a on a.pid = held_up.pid
  where held_up.by = '{}' and held_up.pid <> p_pid
$$;
alter function meander.lock_holders owner to meander_signal;
grant execute on function meander.lock_holders to meander_operator, meander_owner, meander_publisher;
