-- The registered, enabled operator of an active user behind this login; a row of nulls for anybody else.
-- Identity is session_user resolved to an oid: current_user changes in definer functions, settings can be
-- set by anyone, and a login dropped and made again has another oid.
-- organization_id: null for a global admin. home_id: the own organization, or the platform.
-- role: org_admin, global_admin, auditor, or none for a user whose role carries no operator's rights.
-- plpgsql, as everything that policies ask: its plans stay with the connection, and each statement asks several times.
create or replace function meander.current_operator()
returns meander.operator_identity
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator meander.operator_identity;
begin
  select
    o.login,
    o.login_oid,
    o.user_id,
    u.organization_id,
    coalesce(u.organization_id, '00000000-0000-0000-0000-000000000000'::uuid),
    case
      when o.role = 'auditor' then 'auditor'
      when u.role in ('org_admin', 'global_admin') then u.role
      else 'none'
    end
  into v_operator
  from meander.operators o
  join meander.users u on u.id = o.user_id
  where o.login = session_user
    and o.login_oid = to_regrole(quote_ident(session_user))
    and o.disabled_at is null
    and u.status = 'active';
  return v_operator;
end
$$;
alter function meander.current_operator owner to meander_guard;
grant execute on function meander.current_operator to meander_functions, meander_system, meander_audit;
