-- Ends every connection to this database, but the caller's own, of whoever holds one of these grants, and returns
-- how many it ended: called before and after revoke_grants, whose locks an open transaction could hold up. Ends
-- nobody's for grants that the caller may not end. The pids are collected before the first kill: in one WHERE clause
-- the kill could run before the login is compared.
-- Null when there are some that it may not end, because nobody could grant pg_signal_backend (db migrate says so).
-- Raises MC400, MC401.
create or replace function meander.terminate_grantees(p_grants uuid[])
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_logins oid[] := meander.grantee_logins(p_grants);
  v_pids integer[];
  v_count integer;
begin
  select coalesce(array_agg(a.pid), '{}') into v_pids
  from pg_stat_activity a
  where a.usesysid = any (v_logins) and a.datname = current_database() and a.pid <> pg_backend_pid();
  if v_pids <> '{}' and not pg_has_role('meander_signal', 'pg_signal_backend', 'member') then
    return null;
  end if;
  select count(*) filter (where pg_terminate_backend(pid)) into v_count from unnest(v_pids) as pid;
  return v_count;
end
$$;
alter function meander.terminate_grantees owner to meander_signal;
grant execute on function meander.terminate_grantees to meander_operator;
