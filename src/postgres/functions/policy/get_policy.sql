-- The session policies within reach, in the words of the options.
-- p_organization: slug or id of one organization, or null.
-- Raises MC401, MC403, MC404, MC428.
create or replace function meander.get_policy(p_organization text)
returns table (
  organization_id uuid,
  organization text,
  idle_timeout text,
  absolute_lifetime text,
  max_support_access text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_organizations uuid[] := meander.authorize_read('get_policy',
    jsonb_strip_nulls(jsonb_build_object('organization', p_organization)), p_organization);
begin
  return query
  select o.id, o.slug, l.limits ->> 'idleTimeout', l.limits ->> 'absoluteLifetime', l.limits ->> 'maxSupportAccess'
  from meander.organizations o
  left join meander.organization_settings p on p.organization_id = o.id
  cross join lateral (select meander.policy_limits(p)) as l (limits)
  where o.id = any (v_organizations)
  order by o.slug;
end
$$;
alter function meander.get_policy owner to meander_functions;
grant execute on function meander.get_policy to meander_operator;
