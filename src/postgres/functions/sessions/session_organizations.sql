-- Every organization where this person may have sessions: the own one, or the platform, and those that ever let
-- this person in. Empty for nobody.
create or replace function meander.session_organizations(p_user uuid)
returns uuid[]
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(distinct scope.id), '{}')
  from (
    select coalesce(u.organization_id, '00000000-0000-0000-0000-000000000000'::uuid) as id
    from meander.users u where u.id = p_user
    union all
    select g.organization_id from meander.support_access_grants g where g.grantee_user_id = p_user
  ) as scope
$$;
alter function meander.session_organizations owner to meander_guard;
grant execute on function meander.session_organizations to meander_system;
