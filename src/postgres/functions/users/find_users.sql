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
  if p_names is null or cardinality(p_names) not between 1 and 10000
    or array_position(p_names, null) is not null then
    raise exception using errcode = 'MC400', message = '1 to 10000 names are required, and none may be null';
  end if;
  if not v_staff then
    v_organizations := meander.authorize_read('find_users',
      jsonb_build_object('names', to_jsonb(p_names)), p_organization);
  end if;
  return query
  select asked.position, u.id, u.email, u.display_name, coalesce(o.slug, 'platform'), u.role, u.status, u.id = v_me
  from unnest(p_names) with ordinality as asked (name, position)
  cross join lateral (
    select by_email.* from meander.users by_email where by_email.email = lower(asked.name collate "C")
      and (by_email.organization_id = any (v_organizations) or v_staff and by_email.organization_id is null)
    union
    select by_id.* from meander.users by_id where by_id.id = meander.uuid_or_null(asked.name)
      and (by_id.organization_id = any (v_organizations) or v_staff and by_id.organization_id is null)
  ) as u
  left join meander.organizations o on o.id = u.organization_id
  order by asked.position, o.slug, u.id;
end
$$;
alter function meander.find_users owner to meander_functions;
grant execute on function meander.find_users to meander_operator, meander_owner;
