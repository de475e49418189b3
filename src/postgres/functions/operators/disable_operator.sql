-- Takes a login's rights at its next call. Its connections are the caller's to end (terminate_login).
-- Returns {outcome: disabled | alreadyDisabled, operator}.
-- Raises MC400 (reason), MC403 (not an administrator), MC404.
create or replace function meander.disable_operator(
  p_login text, p_reason text, p_ticket text, p_request_id uuid default null
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_operator meander.operators;
begin
  perform meander.require_administrator();
  perform meander.check_reason(p_reason, p_ticket);
  v_operator := meander.find_operator(p_login);
  if v_operator.disabled_at is null then
    update meander.operators set disabled_at = clock_timestamp() where login = p_login;
    perform meander.record_operator('operator.disabled', p_login, v_operator.user_id, p_reason, p_ticket,
      jsonb_build_object('role', (select d.role from meander.describe_operators(p_login) d)), p_request_id);
  end if;
  return jsonb_build_object(
    'outcome', case when v_operator.disabled_at is null then 'disabled' else 'alreadyDisabled' end,
    'operator', (select to_jsonb(d) from meander.describe_operators(p_login) d));
end
$$;
alter function meander.disable_operator owner to meander_registrar;
grant execute on function meander.disable_operator to meander_owner;
