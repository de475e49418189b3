-- Ends every connection of a login to this database but the caller's own, and returns how many it ended. The
-- pids are collected before the first kill: in one WHERE clause the kill could run before the name is compared.
-- Null when there are some that it may not end, because nobody could grant pg_signal_backend (db migrate says so):
-- what else takes the login's rights is to go on.
-- Raises MC403 for anybody but an administrator.
create or replace function meander.terminate_login(p_login text)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_pids integer[];
  v_count integer;
begin
  if not pg_has_role(session_user, 'meander_owner', 'member') then
    raise exception using errcode = 'MC403', message = 'only an administrator of this database may do this';
  end if;
  select coalesce(array_agg(a.pid), '{}') into v_pids
  from pg_stat_activity a
  join pg_roles r on r.oid = a.usesysid
  where r.rolname = p_login and a.datname = current_database() and a.pid <> pg_backend_pid();
  if v_pids <> '{}' and not pg_has_role('meander_signal', 'pg_signal_backend', 'member') then
    return null;
  end if;
  select count(*) filter (where pg_terminate_backend(pid)) into v_count from unnest(v_pids) as pid;
  return v_count;
end
$$;
alter function meander.terminate_login owner to meander_signal;
grant execute on function meander.terminate_login to meander_owner;
