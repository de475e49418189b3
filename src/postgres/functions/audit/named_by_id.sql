-- How the record of an organization says whom somebody typed: by id. The record stays when a person's data is
-- erased, so no e-mail address goes onto it. Whoever is not of this organization, nor of its support, is unknown
-- to it, whether there is such a person elsewhere or not; of an address the domain is kept.
create or replace function meander.named_by_id(p_name text, p_organization uuid)
returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select case
    when meander.uuid_or_null(p_name) is not null then p_name
    else coalesce((
      select u.id::text
      from meander.users u
      where u.email = lower(p_name collate "C")
        and (u.organization_id = p_organization or u.organization_id is null and exists (
          select from meander.support_access_grants g
          where g.grantee_user_id = u.id and g.organization_id = p_organization))
      order by u.organization_id nulls last
      limit 1), '(unknown)' || coalesce(substring(p_name from '@[^@]+$'), ''))
  end
$$;
alter function meander.named_by_id owner to meander_guard;
grant execute on function meander.named_by_id to meander_functions;
