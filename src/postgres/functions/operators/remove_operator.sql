-- Forgets a login: registration and membership. The login itself and the record stay.
-- Returns {outcome: removed, operator} with the operator as it was.
-- Raises MC400 (reason), MC403 (not an administrator), MC404, MC500 when the membership outlives the revoke.
create or replace function meander.remove_operator(
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
  v_description jsonb;
begin
  perform meander.require_administrator();
  perform meander.check_reason(p_reason, p_ticket);
  v_operator := meander.find_operator(p_login);
  v_description := (select to_jsonb(d) from meander.describe_operators(p_login) d);
  delete from meander.operators where login = p_login;
  if exists (select from pg_roles r where r.rolname = p_login) then
    execute format('revoke meander_operator from %I', p_login);
    if exists (
      select from pg_auth_members m
      join pg_roles r on r.oid = m.member
      where r.rolname = p_login and m.roleid = 'meander_operator'::regrole
    ) then
      raise exception using errcode = 'MC500', message = 'the login is still a member of meander_operator',
        hint = 'Somebody else granted it: revoke it as that role.';
    end if;
  end if;
  perform meander.record_operator('operator.removed', p_login, v_operator.user_id, p_reason, p_ticket,
    jsonb_build_object('role', v_description -> 'role', 'priorState', v_description -> 'state',
      'disabledAt', v_operator.disabled_at), p_request_id);
  return jsonb_build_object('outcome', 'removed', 'operator', v_description);
end
$$;
alter function meander.remove_operator owner to meander_registrar;
grant execute on function meander.remove_operator to meander_owner;
