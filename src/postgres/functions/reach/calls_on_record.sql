-- Whether what this login calls has to be on an organization's record before it is called: a global admin's calls.
-- Raises MC401 for a login that is no operator and no administrator.
create or replace function meander.calls_on_record()
returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator meander.operator_identity := meander.current_operator();
begin
  if v_operator.login is null and not meander.is_administrator() then
    raise exception using errcode = 'MC401', message = 'this login is no enabled operator of an active user';
  end if;
  return v_operator.login is not null and v_operator.organization_id is null;
end
$$;
alter function meander.calls_on_record owner to meander_guard;
grant execute on function meander.calls_on_record to meander_operator, meander_owner;
