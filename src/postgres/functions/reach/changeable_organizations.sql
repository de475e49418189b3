-- What this operator may change: what it may see, nothing for an auditor, null for anybody who is no operator.
create or replace function meander.changeable_organizations()
returns uuid[]
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
  select case
    when o.login is null then null
    when o.role in ('org_admin', 'global_admin') then meander.readable_organizations()
    else '{}'
  end
  from meander.current_operator() o
$$;
alter function meander.changeable_organizations owner to meander_guard;
grant execute on function meander.changeable_organizations to meander_functions;
