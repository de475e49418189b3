-- The global admins whom the organizations within reach ever let in: their names belong to those
-- organizations' sessions and grants.
create or replace function meander.visible_staff()
returns uuid[]
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(array_agg(distinct g.grantee_user_id), '{}')
    from meander.support_access_grants g
    where g.organization_id = any (meander.readable_organizations()));
end
$$;
alter function meander.visible_staff owner to meander_guard;
grant execute on function meander.visible_staff to meander_functions;
