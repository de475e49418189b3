-- Those of these grants that the caller may end: an org admin the own organization's, a global admin the own ones
-- (giving back needs no reach). Empty for every other role.
-- Raises MC400, MC401.
create or replace function meander.revocable_grants(p_grants uuid[])
returns uuid[]
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator meander.operator_identity := meander.current_operator();
begin
  perform meander.check_targets(p_grants);
  if v_operator.login is null then
    raise exception using errcode = 'MC401', message = 'this login is no enabled operator of an active user';
  end if;
  return (
    select coalesce(array_agg(g.id order by g.id), '{}')
    from meander.support_access_grants g
    where g.id = any (p_grants)
      and case v_operator.role
        when 'org_admin' then g.organization_id = v_operator.organization_id
        when 'global_admin' then g.grantee_user_id = v_operator.user_id
        else false
      end);
end
$$;
alter function meander.revocable_grants owner to meander_guard;
grant execute on function meander.revocable_grants to meander_system;
