-- What became of the sessions that a selector names, within the given organizations or of one person, oldest first:
-- what list_session_changes and list_own_session_changes share. Runs with its caller's rights.
-- p_selector: as session_filter() reads it; any state where it names none.
-- p_since (microseconds): from this moment on; null is the last minute.
-- p_running: transactions that were writing in an earlier call, each with the moment (microseconds) from which on to
-- read once it has ended; or null. p_after_at (microseconds), p_after_key: the last event of the page before, or null.
-- p_limit: 1 to 10000.
-- Returns {at, from, until, running, organizations, events}. events are those from from until until, a minute at most;
-- at is the moment of this call. Each has event (login, refresh, revoked or expired), key (the same in every call),
-- at, refreshTokenId and the session's fields.
-- Rows are seen in the order of the commits, not of their moments. So running names the transactions that had begun
-- to write by at: what they bring comes later, with moments from before. It is read before the rows, each with a
-- snapshot of its own; therefore VOLATILE.
-- Raises MC300, MC400, MC404.
create or replace function meander.session_changes(
  p_selector jsonb,
  p_organizations uuid[],
  p_own uuid,
  p_since bigint,
  p_running jsonb,
  p_after_at bigint,
  p_after_key text,
  p_limit integer
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
  v record := meander.session_filter(
    case when p_selector ? 'state' then p_selector else p_selector || '{"state": "any"}' end, p_organizations, p_own);
  v_at timestamptz := clock_timestamp();
  v_after timestamptz := timestamptz 'epoch' + p_after_at * interval '1 microsecond';
  v_from timestamptz;
  v_until timestamptz;
  v_events jsonb;
  v_scope record;
  v_ending uuid[] := '{}';
  v_running jsonb;
  v_since bigint;
begin
  perform meander.check_limit(p_limit);
  -- Whoever may connect may read this view: every transaction that writes holds its own number locked. On a standby
  -- it is the snapshot that knows them.
  select coalesce(jsonb_agg(distinct found.xid), '[]') into v_running
  from (
    select l.transactionid::text as xid from pg_locks l where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock'
    union all
    select (x % 4294967296)::text from (
      select pg_snapshot_xip(pg_current_snapshot())::text::numeric as x) as standby
  ) as found;

  begin
    select least(p_since, min(r.value::bigint)) into v_since
    from jsonb_each_text(coalesce(p_running, '{}')) as r where not v_running ? r.key;
  exception when invalid_parameter_value or invalid_text_representation or numeric_value_out_of_range then
    raise exception using errcode = 'MC400', message = 'transactions are an object of moments';
  end;
  v_from := coalesce(timestamptz 'epoch' + v_since * interval '1 microsecond', v_at - interval '1 minute');
  v_until := least(v_at, v_from + interval '1 minute');

  -- Who may have reached an end in this time, by each of the limits along an index of its own; whether it was the
  -- earliest limit is asked of session_details, one by one (OFFSET 0): as a join it was computed for every session.
  for v_scope in
    select o.id, p.idle_timeout, p.absolute_lifetime
    from unnest(p_organizations) as given (id)
    join meander.organizations o on o.id = given.id
    left join meander.organization_settings p on p.organization_id = o.id
  loop
    v_ending := v_ending || array(
      select s.id from meander.sessions s
      where s.organization_id = v_scope.id and s.revoked_at is null
        and s.expires_at >= v_from and s.expires_at < v_until
      union
      select s.id from meander.support_access_grants g
      join meander.sessions s on s.support_access_grant_id = g.id
      where g.organization_id = v_scope.id and g.expires_at >= v_from and g.expires_at < v_until);
    if v_scope.idle_timeout is not null then
      v_ending := v_ending || array(
        select s.id from meander.sessions s
        where s.organization_id = v_scope.id and s.revoked_at is null
          and s.last_activity_at >= v_from - v_scope.idle_timeout and s.last_activity_at < v_until - v_scope.idle_timeout);
    end if;
    if v_scope.absolute_lifetime is not null then
      v_ending := v_ending || array(
        select s.id from meander.sessions s
        where s.organization_id = v_scope.id and s.revoked_at is null
          and s.created_at >= v_from - v_scope.absolute_lifetime and s.created_at < v_until - v_scope.absolute_lifetime);
    end if;
  end loop;

  execute format($query$
    with change (event, session_id, token_id, at) as (
      select 'login', s.id, null::uuid, s.created_at
      from unnest($1) as scope (id) join meander.sessions s on s.organization_id = scope.id
      where s.created_at >= $15 and s.created_at < $16
      union all
      select 'refresh', t.session_id, t.id, t.created_at
      from unnest($1) as scope (id) join meander.refresh_tokens t on t.organization_id = scope.id
      where t.created_at >= $15 and t.created_at < $16 and t.parent_id is not null
      union all
      select 'revoked', s.id, null, s.revoked_at
      from unnest($1) as scope (id) join meander.sessions s on s.organization_id = scope.id
      where s.revoked_at >= $15 and s.revoked_at < $16
      union all
      select 'expired', d.id, null, d.effective_expires_at
      from (select distinct unnest($20) as id) as ending
      cross join lateral (select * from meander.session_details e where e.id = ending.id offset 0) as d
      where d.revoked_at is null and d.effective_expires_at >= $15 and d.effective_expires_at < $16
    ), page as (
      select change.event, change.at, change.token_id,
        change.event || ':' || coalesce(change.token_id, change.session_id)::text as key,
        row(s.id, s.user_id, s.user_email, s.user_name, s.organization_id, s.organization, s.kind, s.device_type,
          s.device_name, s.user_agent, s.ip, s.created_at, s.last_activity_at, s.expires_at, s.effective_expires_at,
          meander.session_state(s.revoked_at, s.effective_expires_at, $2), s.support_access_grant_id, s.revoked_at,
          s.revoked_by, s.revoke_reason)::meander.session_record as session
      from change
      cross join lateral (select * from meander.session_details d where d.id = change.session_id offset 0) as s
      where $3 in ('any', meander.session_state(s.revoked_at, s.effective_expires_at, $2))
        and %s
    ), cut as (
      select * from page
      where $17 is null or (page.at, page.key collate "C") > ($17, $18 collate "C")
      order by page.at, page.key collate "C"
      limit $19
    )
    select coalesce(jsonb_agg(jsonb_build_object('event', cut.event, 'key', cut.key, 'at', cut.at,
      'refresh_token_id', cut.token_id) || to_jsonb(cut.session) order by cut.at, cut.key collate "C"), '[]')
    from cut
    $query$, meander.session_condition())
  into v_events
  using p_organizations, v.p_at, v.p_state, v.p_user, v.p_ids, v.p_kind, v.p_device, v.p_user_agent, v.p_network,
    v.p_grant, v.p_idle_before, v.p_active_since, v.p_created_before, v.p_created_after, greatest(v_from, v_after), v_until, v_after,
    p_after_key, p_limit, v_ending;
  return jsonb_build_object(
    'at', v_at,
    'from', v_from,
    'until', v_until,
    'running', v_running,
    'organizations', (
      select coalesce(jsonb_agg(o.slug order by o.slug), '[]')
      from meander.organizations o where o.id = any (p_organizations)),
    'events', v_events);
end
$$;
alter function meander.session_changes owner to meander_functions;
grant execute on function meander.session_changes to meander_system;
