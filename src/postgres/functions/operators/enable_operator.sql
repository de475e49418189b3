-- Gives a disabled login its rights back. Returns {outcome: enabled | alreadyEnabled, operator}.
-- Raises MC403 (not an administrator), MC404.
create or replace function meander.enable_operator(p_login text)
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
  v_operator := meander.find_operator(p_login);
  if v_operator.disabled_at is not null then
    update meander.operators set disabled_at = null where login = p_login;
    perform meander.record_operator('operator.enabled', p_login, v_operator.user_id, null, null,
      jsonb_build_object('role', (select d.role from meander.describe_operators(p_login) d),
        'disabledAt', v_operator.disabled_at));
  end if;
  return jsonb_build_object(
    'outcome', case when v_operator.disabled_at is null then 'alreadyEnabled' else 'enabled' end,
    'operator', (select to_jsonb(d) from meander.describe_operators(p_login) d));
end
$$;
alter function meander.enable_operator owner to meander_registrar;
grant execute on function meander.enable_operator to meander_owner;
