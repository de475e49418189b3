-- Ends, on the record, a batch of the sessions that policy, grant or time have ended already: what sweep_sessions and
-- sweep_all_sessions share. Runs with its caller's rights, which has checked reach.
--
-- It waits for nobody: what another sweep, a revoke or a rotation holds is counted as skipped and left to a later
-- pass. A session whose activity was written meanwhile is left as well, since that may have kept it alive. Sessions
-- before tokens, so that no rotation adds one; neither order can deadlock here.
-- p_after: {organization, at (microseconds), id}, the last session that the batch before looked at, or null.
-- Returns {swept, reasons: {"idle timeout": n, …}, refreshTokensRevoked, accessTokensBlocked, skipped, blocked: [ids of
-- sessions with access tokens that were alive], after: null when every organization was gone through}.
-- Raises MC400.
create or replace function meander.sweep_batch(
  p_organizations uuid[],
  p_after jsonb,
  p_limit integer,
  p_reason text,
  p_ticket text,
  p_request_id uuid
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_at timestamptz := clock_timestamp();
  v_from record := meander.sweep_position(p_after);
  v_organization uuid;
  v_start timestamptz;
  v_policy meander.organization_settings;
  v_found jsonb;
  v_candidates jsonb := '[]';
  v_sessions uuid[];
  v_reasons text[];
  v_ended meander.ended_session[] := '{}';
  v_after jsonb;
begin
  perform meander.check_limit(p_limit);

  for v_organization in
    select o from unnest(p_organizations) as o where v_from.organization is null or o >= v_from.organization order by o
  loop
    v_start := case when v_organization = v_from.organization then v_from.at else '-infinity' end;
    select * into v_policy from meander.organization_settings p where p.organization_id = v_organization;
    select coalesce(jsonb_agg(jsonb_build_object('organization', v_organization, 'id', found.id, 'reason', found.reason,
      'at', (extract(epoch from found.last_activity_at) * 1000000)::bigint) order by found.last_activity_at, found.id desc), '[]')
    into v_found
    from (
      select s.id, s.last_activity_at,
        case limits.ends_at
          when g.revoked_at then 'grant revoked'
          when g.expires_at then 'grant ended'
          when s.last_activity_at + v_policy.idle_timeout then 'idle timeout'
          when s.created_at + v_policy.absolute_lifetime then 'absolute lifetime'
          else 'expired'
        end as reason
      from meander.sessions s
      left join meander.support_access_grants g on g.id = s.support_access_grant_id
      cross join lateral (
        select meander.session_effective_end(s.expires_at, s.created_at, s.last_activity_at,
          v_policy.absolute_lifetime, v_policy.idle_timeout, g.expires_at, g.revoked_at)
      ) as limits (ends_at)
      where s.organization_id = v_organization
        and s.revoked_at is null
        and meander.session_state(s.revoked_at, limits.ends_at, v_at) = 'expired'
        and s.last_activity_at >= v_start
        and (s.last_activity_at > v_start or s.id < v_from.id)
      order by s.last_activity_at, s.id desc
      limit p_limit - jsonb_array_length(v_candidates)
    ) as found;
    v_candidates := v_candidates || v_found;
    if jsonb_array_length(v_candidates) >= p_limit then
      v_after := v_candidates -> -1;
      exit;
    end if;
  end loop;

  with candidates as materialized (
    select (c ->> 'id')::uuid as id, c ->> 'reason' as reason, (c ->> 'at')::bigint as at
    from jsonb_array_elements(v_candidates) as c
  ), held as materialized (
    select s.id
    from meander.sessions s
    join candidates c on c.id = s.id
    where s.revoked_at is null and (extract(epoch from s.last_activity_at) * 1000000)::bigint = c.at
    for update of s skip locked
  )
  select array_agg(c.id order by c.id), array_agg(c.reason order by c.id) into v_sessions, v_reasons
  from candidates c join held h on h.id = c.id;

  with held as materialized (
    select t.id
    from meander.refresh_tokens t
    where t.session_id = any (v_sessions) and t.rotated_at is null and t.revoked_at is null
    for update skip locked
  )
  select array_agg(e.id order by e.id), array_agg(e.reason order by e.id) into v_sessions, v_reasons
  from unnest(v_sessions, v_reasons) as e (id, reason)
  where not exists (
    select from meander.refresh_tokens t
    where t.session_id = e.id and t.rotated_at is null and t.revoked_at is null
      and t.id not in (select h.id from held h));

  if v_sessions is not null then
    v_ended := meander.end_sessions(v_sessions, v_reasons);
  end if;
  perform meander.append_audit_events(array_agg(
    row(e.organization_id, 'session.expired', 'session', e.session_id::text, p_reason, p_ticket, p_request_id,
      jsonb_build_object('userId', e.user_id, 'supportAccessGrantId', s.support_access_grant_id, 'cause', ended.reason,
        'refreshTokensRevoked', e.refresh_tokens, 'accessTokensBlocked', e.access_tokens))::meander.audit_event
    order by e.organization_id, e.session_id))
  from unnest(v_ended) as e
  join unnest(v_sessions, v_reasons) as ended (id, reason) on ended.id = e.session_id
  join meander.sessions s on s.id = e.session_id
  having count(*) > 0;

  return jsonb_build_object(
    'swept', cardinality(v_ended),
    'reasons', (
      select coalesce(jsonb_object_agg(r.reason, r.count), '{}')
      from (select reason, count(*) from unnest(v_reasons) as reason group by reason) as r),
    'refreshTokensRevoked', (select coalesce(sum(e.refresh_tokens), 0) from unnest(v_ended) as e),
    'accessTokensBlocked', (select coalesce(sum(e.access_tokens), 0) from unnest(v_ended) as e),
    'skipped', jsonb_array_length(v_candidates) - cardinality(v_ended),
    'blocked', (
      select coalesce(jsonb_agg(e.session_id order by e.session_id), '[]')
      from unnest(v_ended) as e where e.access_tokens > 0),
    'after', v_after - 'reason');
end
$$;
alter function meander.sweep_batch owner to meander_functions;
grant execute on function meander.sweep_batch to meander_system;
