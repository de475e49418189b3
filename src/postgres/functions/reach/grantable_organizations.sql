-- The organizations into which this operator lets staff: an org admin's own, nobody else's.
create or replace function meander.grantable_organizations()
returns uuid[]
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(o.organization_id), '{}')
  from meander.current_operator() o
  where o.role = 'org_admin'
$$;
alter function meander.grantable_organizations owner to meander_guard;
grant execute on function meander.grantable_organizations to meander_functions;
