-- What this operator may change: what it may see, nothing for an auditor, null for anybody who is no operator.
create or replace function meander.changeable_organizations()
returns uuid[]
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator meander.operator_identity := meander.current_operator();
begin
  if v_operator.login is null then
    return null;
  elsif v_operator.role = 'org_admin' then
    return array[v_operator.organization_id];
  elsif v_operator.role = 'global_admin' then
    return meander.readable_organizations();
  end if;
  return '{}';
end
$$;
alter function meander.changeable_organizations owner to meander_guard;
grant execute on function meander.changeable_organizations to meander_functions;
