-- Ends those of the caller's own sessions that have these ids, whatever the role, on the record.
-- Parameters, result and errors as revoke_sessions.
create or replace function meander.revoke_own_sessions(p_sessions uuid[], p_reason text, p_ticket text, p_request_id uuid)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_own record := meander.own_scope();
  v_in_scope uuid[];
begin
  perform meander.check_targets(p_sessions);
  perform meander.check_reason(p_reason, p_ticket);
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'MC412', message = 'changes run at isolation level read committed only';
  end if;
  select coalesce(array_agg(s.id order by s.id), '{}') into v_in_scope
  from meander.sessions s
  where s.id = any (p_sessions) and s.user_id = v_own.p_user;
  return meander.revocation(p_sessions, v_in_scope, v_own.p_home, p_reason, p_ticket, p_request_id);
end
$$;
alter function meander.revoke_own_sessions owner to meander_system;
grant execute on function meander.revoke_own_sessions to meander_operator;
