-- Whose record this login may read: an administrator every organization's, an operator what it may see.
create or replace function meander.auditable_organizations()
returns uuid[]
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if meander.is_administrator() then
    return (select array_agg(o.id) from meander.organizations o);
  end if;
  return meander.readable_organizations();
end
$$;
alter function meander.auditable_organizations owner to meander_guard;
grant execute on function meander.auditable_organizations to meander_functions;
