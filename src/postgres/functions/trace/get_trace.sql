-- From one fact to everything within reach that is connected to it, and what of it is still usable.
-- p_fact: see find_fact. p_window: an ISO 8601 duration around the matches (or before now, where the fact names no
-- single session) in which others count as seen together with them. p_organization: slug or id, or null.
-- Returns {fact, kind, at, from, to, counts, usable, usableSessions, users, sessions, chain, accessTokens, grants}:
-- the counts and usableSessions are of everything, the lists of at most 500 users and sessions each. usableSessions
-- are those of the people of the matches, for sessions revoke; other people's are among sessions alone.
-- Without JIT: compiling a statement of this size took longer than running it.
-- Raises MC300, MC400 (malformed, or more than 10000 sessions), MC401, MC403, MC404 (nothing within reach: unknown
-- or foreign, alike), MC428.
create or replace function meander.get_trace(p_fact text, p_window text, p_organization text)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set jit = off
set plan_cache_mode = force_custom_plan
as $$
declare
  v_most constant integer := 10000;
  v_shown constant integer := 500;
  v_at timestamptz := clock_timestamp();
  v_organizations uuid[];
  v_window interval;
  v_found record;
  v_from timestamptz;
  v_to timestamptz;
  v_users uuid[];
  v_chain integer;
  v_unpublished boolean := (select i.blocklist_mode = 'redis' from meander.installation i);
  v_result jsonb;
begin
  if p_fact is null or btrim(p_fact) = '' or p_window is null then
    raise exception using errcode = 'MC400', message = 'a fact and a window are required';
  end if;
  v_organizations := meander.authorize_read('get_trace',
    jsonb_build_object('fact', p_fact, 'window', p_window, 'organization', p_organization), p_organization);
  begin
    v_window := p_window::interval;
    v_from := v_at - v_window;
  exception
    when invalid_datetime_format or datetime_field_overflow or interval_field_overflow or invalid_text_representation then
      raise exception using errcode = 'MC400', message = 'not a duration';
  end;
  if v_window <= interval '0' then
    raise exception using errcode = 'MC400', message = 'a window is more than nothing';
  end if;

  v_found := meander.find_fact(btrim(p_fact), v_window, v_organizations, v_at);
  if v_found.sessions is null and v_found.users is null then
    raise exception using errcode = 'MC404', message = 'nothing within your reach is connected to this';
  elsif cardinality(v_found.sessions) > v_most then
    raise exception using errcode = 'MC400', message = 'more than 10000 sessions are connected to this: too many to trace',
      hint = 'Name something narrower, or see them with sessions list.';
  elsif cardinality(v_found.users) > 1 then
    raise exception using errcode = 'MC300', message = 'several users within your reach have this e-mail address',
      detail = (
        select jsonb_agg(jsonb_build_object('id', u.id, 'email', u.email, 'organization', o.slug) order by o.slug, u.id)
        from meander.users u left join meander.organizations o on o.id = u.organization_id
        where u.id = any (v_found.users))::text,
      hint = 'Name one of them by id.';
  end if;

  -- Around the one session that an id named; else up to now.
  if v_found.kind in ('session', 'refreshToken', 'accessToken') then
    select s.created_at - v_window, s.last_activity_at + v_window into v_from, v_to
    from meander.sessions s where s.id = v_found.sessions[1];
  else
    v_to := v_at;
  end if;
  select coalesce(array_agg(distinct person.id), '{}') into v_users
  from (
    select unnest(v_found.users) as id
    union all
    select s.user_id from meander.sessions s where s.id = any (v_found.sessions)
  ) as person;
  v_chain := case when cardinality(v_found.sessions) = 1 then 100 else 3 end;

  with related as materialized (
    select r.session_id, r.user_id, r.relation, r.via, d.organization_id, d.created_at,
      meander.session_state(d.revoked_at, d.effective_expires_at, v_at) as state, d.effective_expires_at,
      d.support_access_grant_id
    from meander.related_sessions(coalesce(v_found.sessions, '{}'), v_users, v_organizations,
      v_found.kind <> 'address', v_from, v_to, v_at) r
    join meander.session_details d on d.id = r.session_id
  ), own as materialized (
    select * from related where relation <> 'neighbour'
  ), refresh as materialized (
    select t.session_id from own
    join meander.refresh_tokens t on t.session_id = own.session_id
    where own.state = 'active' and t.rotated_at is null and t.revoked_at is null
  ), access as materialized (
    select t.access_jti, t.session_id, t.access_expires_at, b.jti is not null as blocked, b.published_at,
      b.jti is null or v_unpublished and b.published_at is null as usable
    from own
    join meander.refresh_tokens t on t.session_id = own.session_id
    left join meander.token_blocklist b on b.jti = t.access_jti
    where t.access_expires_at > v_at
  ), usable as (
    select own.session_id from own where own.state = 'active'
    union
    select access.session_id from access where access.usable
  ), ranked as (
    select related.*, row_number() over (partition by related.relation
      order by related.state = 'active' desc, related.created_at desc, related.session_id) as place
    from related
  ), shown as materialized (
    select * from ranked where place <= v_shown
  )
  select jsonb_build_object(
    'fact', btrim(p_fact),
    'kind', v_found.kind,
    'at', v_at,
    'from', v_from,
    'to', v_to,
    'counts', (
      select jsonb_build_object(
        'matches', count(*) filter (where relation = 'match'),
        'siblings', count(*) filter (where relation = 'sibling'),
        'neighbours', count(*) filter (where relation = 'neighbour'),
        'users', cardinality(v_users),
        'otherUsers', count(distinct user_id) filter (where relation = 'neighbour'))
      from related),
    'usable', jsonb_build_object(
      'sessions', (select count(*) from own where state = 'active'),
      'sessionsUntil', (select max(effective_expires_at) from own where state = 'active'),
      'refreshTokens', (select count(*) from refresh),
      'accessTokens', (select count(*) from access where access.usable),
      'accessTokensUntil', (select max(access_expires_at) from access where access.usable)),
    'usableSessions', (select coalesce(jsonb_agg(usable.session_id order by usable.session_id), '[]') from usable),
    'users', (
      select coalesce(jsonb_agg(to_jsonb(u) || jsonb_build_object('relation', asked.relation)
        order by asked.relation = 'neighbour', u.active_sessions desc, u.email), '[]')
      from (
        select person.id, case when person.id = any (v_users) then 'match' else 'neighbour' end as relation
        from (select unnest(v_users) as id union select user_id from shown) as person
        order by 2, 1
        limit v_shown
      ) as asked
      cross join lateral meander.user_records(array[asked.id], v_at) as u),
    'sessions', (
      select coalesce(jsonb_agg(to_jsonb(s) || jsonb_build_object('relation', shown.relation, 'via', shown.via)
        order by array_position(array['match', 'sibling', 'neighbour'], shown.relation), shown.place), '[]')
      from shown
      join meander.session_page(
        jsonb_build_object('ids', (select coalesce(jsonb_agg(session_id), '[]') from shown), 'state', 'any'),
        v_organizations, null, 'created', null, null, 3 * v_shown) as s on s.id = shown.session_id),
    'chain', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', link.id,
        'sessionId', shown.session_id,
        'parentId', link.parent_id,
        'createdAt', link.created_at,
        'rotatedAt', link.rotated_at,
        'revokedAt', link.revoked_at,
        'jti', link.access_jti,
        'state', case
          when link.revoked_at is not null then 'revoked'
          when link.rotated_at is not null then 'rotated'
          when shown.state = 'active' then 'live'
          else shown.state
        end) order by shown.place, link.created_at, link.id), '[]')
      from shown
      cross join lateral (
        (select t.id, t.parent_id, t.created_at, t.rotated_at, t.revoked_at, t.access_jti
        from meander.refresh_tokens t where t.session_id = shown.session_id
        order by t.created_at desc, t.id limit v_chain)
        union
        select t.id, t.parent_id, t.created_at, t.rotated_at, t.revoked_at, t.access_jti
        from meander.refresh_tokens t
        where t.session_id = shown.session_id and v_found.kind in ('refreshToken', 'accessToken')
          and (t.id = meander.uuid_or_null(btrim(p_fact)) or t.access_jti = meander.uuid_or_null(btrim(p_fact)))
      ) as link
      where shown.relation = 'match'),
    'accessTokens', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'jti', access.access_jti,
        'sessionId', access.session_id,
        'expiresAt', access.access_expires_at,
        'remainingSeconds', ceil(extract(epoch from access.access_expires_at - v_at))::integer,
        'blocked', access.blocked,
        'publishedAt', access.published_at,
        'usable', access.usable) order by access.usable desc, access.access_expires_at desc, access.access_jti), '[]')
      from (select * from access order by usable desc, access_expires_at desc, access_jti limit v_shown) as access),
    'grants', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', g.id,
        'organization', o.slug,
        'granteeUserId', g.grantee_user_id,
        'granteeEmail', u.email,
        'grantedBy', g.granted_by,
        'createdAt', g.created_at,
        'expiresAt', g.expires_at,
        'revokedAt', g.revoked_at,
        'state', meander.session_state(g.revoked_at, g.expires_at, v_at)) order by g.created_at desc, g.id), '[]')
      from meander.support_access_grants g
      join meander.organizations o on o.id = g.organization_id
      left join meander.users u on u.id = g.grantee_user_id
      where g.organization_id = any (v_organizations) and (g.grantee_user_id = any (v_users)
        or g.id in (select related.support_access_grant_id from related))))
  into v_result;
  return v_result;
end
$$;
alter function meander.get_trace owner to meander_functions;
grant execute on function meander.get_trace to meander_operator;
