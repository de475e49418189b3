-- One page of the support access grants within reach, newest first, each with what it opened so far.
-- p_selector: any of organization, to (the grantee's e-mail or id), state (active, expired, revoked or any; active
-- when left out). p_after_at (microseconds), p_after_id: the last row of the page before, or null. p_limit: 1 to 10000.
-- Raises MC400, MC401, MC403, MC404, MC428.
create or replace function meander.list_grants(p_selector jsonb, p_after_at bigint, p_after_id uuid, p_limit integer)
returns table (
  id uuid, organization_id uuid, organization text, grantee_user_id uuid, grantee_email text, granted_by text,
  reason text, ticket text, created_at timestamptz, expires_at timestamptz, state text, revoked_at timestamptz,
  revoked_by text, active_sessions bigint, sessions bigint, reads bigint, acts bigint
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  v_at timestamptz := clock_timestamp();
  v_state text := coalesce(p_selector ->> 'state', 'active');
  v_after timestamptz := timestamptz 'epoch' + p_after_at * interval '1 microsecond';
  v_organizations uuid[];
  v_grantee uuid;
  v_grants uuid[];
begin
  perform meander.check_selector(p_selector, array['organization', 'to', 'state']);
  perform meander.check_limit(p_limit);
  if v_state not in ('active', 'expired', 'revoked', 'any') then
    raise exception using errcode = 'MC400', message = 'state has an unknown value';
  end if;
  v_organizations := meander.authorize_read('list_grants', p_selector, p_selector ->> 'organization');
  if p_selector ? 'to' then
    v_grantee := meander.resolve_user(p_selector ->> 'to', '{}');
  end if;
  select array_agg(page.id order by page.created_at desc, page.id) into v_grants
  from (
    select found.id, found.created_at
    from unnest(v_organizations) as scope (id)
    cross join lateral (
      select g.id, g.created_at
      from meander.support_access_grants g
      where g.organization_id = scope.id
        and (v_state = 'any' or meander.session_state(g.revoked_at, g.expires_at, v_at) = v_state)
        and (v_grantee is null or g.grantee_user_id = v_grantee)
        and (p_after_at is null or g.created_at < v_after or (g.created_at = v_after and g.id > p_after_id))
      order by g.created_at desc, g.id
      limit p_limit
    ) as found
    order by found.created_at desc, found.id
    limit p_limit
  ) as page;
  return query select * from meander.grant_records(v_grants, v_at);
end
$$;
alter function meander.list_grants owner to meander_functions;
grant execute on function meander.list_grants to meander_operator;
