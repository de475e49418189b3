-- What one fact of an incident names within the given organizations. Runs with its caller's rights.
-- p_fact: an address or network, a uuid (session, refresh token, jti of an access token, or user, in this order), an
--   e-mail address; any other text is looked for in user agent, device type and device name.
-- p_window: sessions that have ended by p_at count when they were used, or ended by somebody, within this much before
--   it; ones that are still active always count. A session that was named by an id counts in any case.
-- kind says what the fact was taken for; none of the rest where nothing is found.
-- users: whom an id or e-mail address named. sessions: 10001 at most, which is one more than an answer takes.
create or replace function meander.find_fact(
  p_fact text,
  p_window interval,
  p_organizations uuid[],
  p_at timestamptz,
  out kind text,
  out users uuid[],
  out sessions uuid[]
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set parallel_tuple_cost = 0
as $$
declare
  v_most constant integer := 10001;
  v_id uuid := meander.uuid_or_null(p_fact);
  v_text text := lower(p_fact collate "C");
  v_since timestamptz := p_at - p_window;
  v_network inet;
begin
  if v_id is not null then
    select array_agg(s.id) into sessions
    from meander.sessions s where s.id = v_id and s.organization_id = any (p_organizations);
    if sessions is not null then
      kind := 'session';
      return;
    end if;
    select array_agg(t.session_id), case when bool_or(t.id = v_id) then 'refreshToken' else 'accessToken' end
    into sessions, kind
    from meander.refresh_tokens t
    where (t.id = v_id or t.access_jti = v_id) and t.organization_id = any (p_organizations);
    if sessions is not null then
      return;
    end if;
    kind := 'user';
    select array_agg(u.id) into users
    from meander.users u
    where u.id = v_id and (u.organization_id = any (p_organizations) or u.organization_id is null and exists (
      select from meander.support_access_grants g
      where g.grantee_user_id = u.id and g.organization_id = any (p_organizations)));
  elsif v_text ~ '^[^\s@]+@[^\s@]+$' then
    kind := 'email';
    select array_agg(u.id) into users
    from meander.users u
    where u.email = v_text and (u.organization_id = any (p_organizations) or u.organization_id is null and exists (
      select from meander.support_access_grants g
      where g.grantee_user_id = u.id and g.organization_id = any (p_organizations)));
  end if;
  if kind is not null then
    select array_agg(found.id) into sessions
    from (
      select d.id
      from meander.session_details d
      where d.user_id = any (users) and d.organization_id = any (p_organizations)
        and (d.revoked_at is null and d.effective_expires_at > p_at or d.last_activity_at >= v_since
          or d.revoked_at >= v_since)
      limit v_most
    ) as found;
    return;
  end if;

  if v_text ~ '^[0-9a-f.:]+(/[0-9]{1,3})?$' then
    begin
      v_network := meander.plain_address(v_text::inet);
    exception when invalid_text_representation or invalid_parameter_value then
      v_network := null;
    end;
  end if;
  if v_network is not null then
    kind := 'address';
    select array_agg(found.id) into sessions
    from (
      select page.id
      from unnest(p_organizations) as scope (id)
      cross join lateral (
        select d.id
        from meander.session_details d
        where d.organization_id = scope.id
          and d.ip >= host(network(v_network))::inet and d.ip <= host(broadcast(v_network))::inet
          and (d.revoked_at is null and d.effective_expires_at > p_at or d.last_activity_at >= v_since
            or d.revoked_at >= v_since)
        limit v_most
      ) as page
      limit v_most
    ) as found;
    return;
  end if;

  -- Every session that has not been ended, and those that were ended lately. As EXECUTE, whose plan may be parallel;
  -- that of a SELECT INTO may not. The planner takes a search in text for one that finds a third of all rows, too many
  -- to be handed over by workers; it finds few.
  kind := 'text';
  execute $query$
    with named as materialized (
      select s.id from meander.sessions s
      where s.organization_id = any ($1) and s.revoked_at is null
        and position($2 in lower(concat_ws(E'\n', s.device_type, s.device_name, s.user_agent) collate "C")) > 0
      union all
      select s.id from meander.sessions s
      where s.organization_id = any ($1) and s.revoked_at >= $3
        and position($2 in lower(concat_ws(E'\n', s.device_type, s.device_name, s.user_agent) collate "C")) > 0
    )
    select array_agg(found.id)
    from (
      select d.id
      from named
      cross join lateral (select * from meander.session_details e where e.id = named.id offset 0) as d
      where d.revoked_at >= $3 or d.effective_expires_at > $4 or d.last_activity_at >= $3
      limit $5
    ) as found
    $query$
  into sessions
  using p_organizations, v_text, v_since, p_at, v_most;
end
$$;
alter function meander.find_fact owner to meander_functions;
