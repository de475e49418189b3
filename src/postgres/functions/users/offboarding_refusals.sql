-- Which of these users, of these organizations, may not be off-boarded together by p_me, and why: oneself, and org
-- admins when none but them is left. Runs with its caller's rights.
create or replace function meander.offboarding_refusals(p_users uuid[], p_organizations uuid[], p_me uuid)
returns table (user_id uuid, message text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select u.id, case
    when u.id = p_me then 'nobody off-boards themselves'
    else 'this would leave the organization without an org admin'
  end
  from meander.users u
  where u.id = any (p_users)
    and u.organization_id = any (p_organizations)
    and (u.id = p_me
      or (u.role = 'org_admin' and u.status = 'active' and not exists (
        select from meander.users other
        where other.organization_id = u.organization_id
          and other.role = 'org_admin'
          and other.status = 'active'
          and other.id <> all (p_users))))
$$;
alter function meander.offboarding_refusals owner to meander_functions;
grant execute on function meander.offboarding_refusals to meander_system;
