-- Counts the sessions that a selector names, within the given organizations or of one person: what session_stats and
-- own_session_stats share. Runs with its caller's rights.
-- p_selector: as session_filter() reads it.
-- Returns {at, state, groups: [{organization, dimension, value, sessions}]}. Of the dimensions, state counts active,
-- expired and "revoked in 24h" whatever the selector's state; reason says why those of the last 24 hours were revoked;
-- kind, deviceType, age and idle count the sessions in the selector's state. Values that are known beforehand come
-- with 0 too; of the others the 20 most frequent of each organization, and "(others)".
-- One pass over the sessions that leaves few groups, which are then added up in each direction: a grouping set for
-- each dimension costs a hash of every session each. As EXECUTE, whose plan may be parallel; that of a SELECT INTO
-- may not.
-- Raises MC300, MC400, MC404.
create or replace function meander.count_sessions(p_selector jsonb, p_organizations uuid[], p_own uuid)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v record := meander.session_filter(p_selector, p_organizations, p_own);
  v_result jsonb;
begin
  execute format($query$
    with counted as (
      select s.organization_id, s.kind, s.device_type,
        meander.session_state(s.revoked_at, s.effective_expires_at, $2) as state,
        case when s.revoked_at >= $15 then s.revoke_reason end as reason,
        s.revoked_at >= $15 as recent,
        width_bucket(s.created_at, $16) as age,
        width_bucket(s.last_activity_at, $17) as idle,
        count(*) as sessions
      from meander.session_details s
      where s.organization_id = any ($1)
        and ($3 in ('any', 'revoked') or s.revoked_at is null or s.revoked_at >= $15)
        and %s
      group by 1, 2, 3, 4, 5, 6, 7, 8
    ),
    chosen as (
      select * from counted where $3 in ('any', state)
    ),
    scope as (
      select o.id, o.slug from meander.organizations o where o.id = any ($1)
    ),
    found (organization_id, dimension, value, position, sessions) as (
      select organization_id, 'state', case when recent then 'revoked in 24h' else state end, null::bigint, sum(sessions)
      from counted where recent or state <> 'revoked' group by 1, 2, 3
      union all
      select organization_id, 'kind', kind, null, sum(sessions) from chosen group by 1, 2, 3
      union all
      select organization_id, 'age', ($18::text[])[age + 1], null, sum(sessions) from chosen group by 1, 2, 3
      union all
      select organization_id, 'idle', ($19::text[])[idle + 1], null, sum(sessions) from chosen group by 1, 2, 3
      union all
      select organization_id, 'deviceType', value,
        row_number() over (partition by organization_id order by sum(sessions) desc, value), sum(sessions)
      from (select *, coalesce(nullif(device_type, ''), '(unknown)') as value from chosen) as typed group by 1, 2, 3
      union all
      select organization_id, 'reason', value,
        row_number() over (partition by organization_id order by sum(sessions) desc, value), sum(sessions)
      from (select *, coalesce(nullif(reason, ''), '(none)') as value from counted where recent) as revoked group by 1, 2, 3
    ),
    known (dimension, value, position) as (
      select 'state', * from unnest(array['active', 'expired', 'revoked in 24h']) with ordinality
      union all
      select 'kind', * from unnest(array['mobile', 'portal']) with ordinality
      union all
      select 'age', * from unnest($18::text[]) with ordinality
      union all
      select 'idle', * from unnest($19::text[]) with ordinality
    ),
    listed (organization, dimension, value, position, sessions) as (
      select scope.slug, known.dimension, known.value, known.position, coalesce(found.sessions, 0)
      from scope cross join known
      left join found on (found.organization_id, found.dimension, found.value) = (scope.id, known.dimension, known.value)
      union all
      select scope.slug, found.dimension, case when found.position > 20 then '(others)' else found.value end,
        min(found.position), sum(found.sessions)
      from found
      join scope on scope.id = found.organization_id
      where found.position is not null
      group by 1, 2, 3
    )
    select jsonb_build_object('at', $2, 'state', $3, 'groups', coalesce(jsonb_agg(jsonb_build_object(
        'organization', organization, 'dimension', dimension, 'value', value, 'sessions', sessions)
      order by organization, array_position(array['state', 'reason', 'kind', 'deviceType', 'age', 'idle'], dimension),
        position, value), '[]'))
    from listed
    $query$, meander.session_condition())
  into v_result
  using p_organizations, v.p_at, v.p_state, v.p_user, v.p_ids, v.p_kind, v.p_device, v.p_user_agent, v.p_network,
    v.p_grant, v.p_idle_before, v.p_active_since, v.p_created_before, v.p_created_after,
    v.p_at - interval '24 hours',
    -- Where each age begins, oldest first; a session of exactly 1 h is 1 h old at most, as for --idle-for.
    array[v.p_at - interval '90 days', v.p_at - interval '30 days', v.p_at - interval '7 days', v.p_at - interval '1 day',
      v.p_at - interval '1 hour'],
    array[v.p_at - interval '30 days', v.p_at - interval '7 days', v.p_at - interval '1 day', v.p_at - interval '1 hour',
      v.p_at - interval '15 minutes'],
    array['over 90d', '30d to 90d', '7d to 30d', '1d to 7d', '1h to 1d', 'up to 1h'],
    array['over 30d', '7d to 30d', '1d to 7d', '1h to 1d', '15m to 1h', 'up to 15m'];
  return v_result;
end
$$;
alter function meander.count_sessions owner to meander_functions;
grant execute on function meander.count_sessions to meander_system;
