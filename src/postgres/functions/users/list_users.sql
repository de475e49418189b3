-- One page of the users within reach, by e-mail and id.
-- p_selector: any of organization, search (prefix of e-mail or name, ASCII letters folded), role, status.
-- p_after_email, p_after_id: the last row of the page before, or null. p_limit: 1 to 10000.
-- Raises MC400, MC401, MC403, MC404, MC428.
create or replace function meander.list_users(p_selector jsonb, p_after_email text, p_after_id uuid, p_limit integer)
returns table (
  id uuid, email text, name text, organization_id uuid, organization text, role text, status text,
  deactivated_at timestamptz, active_sessions bigint, last_activity_at timestamptz
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  v_organizations uuid[];
  v_search text collate "C" := lower((p_selector ->> 'search') collate "C");
  v_role text := p_selector ->> 'role';
  v_status text := p_selector ->> 'status';
  v_users uuid[];
begin
  perform meander.check_selector(p_selector, array['organization', 'search', 'role', 'status']);
  perform meander.check_limit(p_limit);
  v_organizations := meander.authorize_read('list_users', p_selector, p_selector ->> 'organization');
  select array_agg(page.id order by page.email, page.id) into v_users
  from (
    select found.id, found.email
    from unnest(v_organizations) as scope (id)
    cross join lateral (
      select u.id, u.email
      from meander.users u
      where u.organization_id = scope.id
        and (v_search is null or u.email ^@ v_search or lower(u.display_name collate "C") ^@ v_search)
        and (v_role is null or u.role = v_role)
        and (v_status is null or u.status = v_status)
        and (p_after_email is null or u.email >= p_after_email collate "C")
        and (p_after_email is null or u.email > p_after_email collate "C" or u.id > p_after_id)
      order by u.email, u.id
      limit p_limit
    ) as found
    order by found.email, found.id
    limit p_limit
  ) as page;
  return query select * from meander.user_records(v_users, clock_timestamp());
end
$$;
alter function meander.list_users owner to meander_functions;
grant execute on function meander.list_users to meander_operator;
