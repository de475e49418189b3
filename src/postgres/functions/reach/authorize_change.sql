-- First layer of every changing function: who calls, and which organizations it may change in this call.
-- Acting under a grant holds the grant's row, so that its revocation waits for the act or the act for it.
-- refusal is set, not raised, for a registered operator whose role may not: a refusal is to be recorded.
-- Raises MC401 no operator, MC412 not read committed, MC428 as authorize_read.
create or replace function meander.authorize_change(p_function text, p_arguments jsonb)
returns meander.change_access
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator meander.operator_identity := meander.current_operator();
  v_access meander.change_access;
begin
  if v_operator.login is null then
    raise exception using errcode = 'MC401', message = 'this login is no enabled operator of an active user';
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'MC412', message = 'changes run at isolation level read committed only';
  end if;

  v_access.login := v_operator.login;
  v_access.user_id := v_operator.user_id;
  v_access.home_id := v_operator.home_id;
  v_access.role := v_operator.role;
  if v_operator.role not in ('org_admin', 'global_admin') then
    v_access.organizations := '{}';
    v_access.refusal := 'the role of this operator may not change this';
    return v_access;
  end if;
  if v_operator.organization_id is not null then
    v_access.organizations := array[v_operator.organization_id];
    return v_access;
  end if;

  perform from meander.support_access_grants g
  where g.grantee_user_id = v_operator.user_id
    and g.revoked_at is null
    and g.expires_at > clock_timestamp()
  order by g.id
  for share;
  v_access.organizations := meander.intended_organizations(p_function, p_arguments);
  if v_access.organizations = '{}' and meander.granted_organizations() <> '{}' then
    raise exception using errcode = 'MC428',
      message = 'under a support access grant the organization must have this call on its record first',
      hint = 'Call meander.record_intent for it and commit; meanderctl does that by itself.';
  end if;
  return v_access;
end
$$;
alter function meander.authorize_change owner to meander_guard;
grant execute on function meander.authorize_change to meander_functions;
