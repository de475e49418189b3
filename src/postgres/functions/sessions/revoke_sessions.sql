-- Ends the sessions with these ids, within reach, on the record.
-- p_sessions: 1 to 10000 ids; p_reason required; p_ticket, p_request_id may be null.
-- Returns {summary, items}, or {refused} for a role that may not (recorded on the operator's own chain).
-- Raises MC400, MC401, MC412, MC428, MC500.
create or replace function meander.revoke_sessions(p_sessions uuid[], p_reason text, p_ticket text, p_request_id uuid)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_access meander.change_access;
  v_in_scope uuid[];
begin
  perform meander.check_targets(p_sessions);
  perform meander.check_reason(p_reason, p_ticket);
  v_access := meander.authorize_change('revoke_sessions', jsonb_build_object('sessions', to_jsonb(p_sessions)));
  if v_access.refusal is not null then
    perform meander.record_refusal(v_access.home_id, 'session.revoke_refused', 'session',
      (select array_agg(distinct s::text) from unnest(p_sessions) as s), 'MC403', p_reason, p_ticket, p_request_id);
    return meander.refusal('MC403', v_access.refusal);
  end if;

  select coalesce(array_agg(s.id order by s.id), '{}') into v_in_scope
  from meander.sessions s
  where s.id = any (p_sessions) and s.organization_id = any (v_access.organizations);
  return meander.revocation(p_sessions, v_in_scope, v_access.home_id, p_reason, p_ticket, p_request_id);
end
$$;
alter function meander.revoke_sessions owner to meander_functions;
grant execute on function meander.revoke_sessions to meander_operator;
