-- Which users these names (e-mail or id) mean, in the order asked: the check of a whole list before an act.
-- A name that fits nobody within reach, unknown or foreign, has no user; one that fits several has them all.
-- p_organization: slug or id that narrows the reach, or null. An administrator finds the users of no tenant.
-- myself: the caller's own user, whom the caller may not off-board.
-- Raises MC400 (null, nothing, more than 10000 names), MC401, MC403, MC404 (organization), MC428.
create or replace function meander.find_users(p_names text[], p_organization text)
returns table (
  place bigint, user_id uuid, email text, name text, organization text, role text, status text, myself boolean
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_organizations uuid[];
  v_staff boolean := meander.is_administrator();
  v_me uuid := (meander.current_operator()).user_id;
begin
  if p_names is null or cardinality(p_names) not between 1 and 10000 or array_ndims(p_names) > 1
    or array_position(p_names, null) is not null then
    raise exception using errcode = 'MC400', message = '1 to 10000 names are required, and none may be null';
  end if;
  if not v_staff then
    v_organizations := meander.authorize_read('find_users',
      jsonb_build_object('names', to_jsonb(p_names)), p_organization);
  end if;
  -- What a name may mean is worked out first: lower() and uuid_or_null() are not leakproof, and beside a policy
  -- a comparison with them uses no index.
  return query
  with asked as materialized (
    select n.position, lower(n.name collate "C") as email, meander.uuid_or_null(n.name) as id
    from unnest(p_names) with ordinality as n (name, position)
  ), found as (
    select asked.position, u.id from asked
    join meander.users u on u.email = asked.email and u.organization_id = any (v_organizations)
    union
    select asked.position, u.id from asked
    join meander.users u on u.email = asked.email and u.organization_id is null and v_staff
    union
    select asked.position, u.id from asked
    join meander.users u on u.id = asked.id
      and (u.organization_id = any (v_organizations) or v_staff and u.organization_id is null)
  )
  select found.position, u.id, u.email, u.display_name, coalesce(o.slug, 'platform'), u.role, u.status, u.id = v_me
  from found
  join meander.users u on u.id = found.id
  left join meander.organizations o on o.id = u.organization_id
  order by found.position, o.slug, u.id;
end
$$;
alter function meander.find_users owner to meander_functions;
grant execute on function meander.find_users to meander_operator, meander_owner;
