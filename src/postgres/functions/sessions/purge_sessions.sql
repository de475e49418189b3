-- Deletes a batch of the sessions that were ended longer ago than p_age, with their chains and blocklist rows; once
-- there are no more of them, also a batch of the request ids and intents of that age. Never an audit event: one is
-- added for each organization that lost sessions, and one on the platform's chain for the rest.
-- p_age: a duration of a day at least: blocked tokens, intents and repeats of a request need what is younger.
-- p_limit: 1 to 10000; p_after: {organization, at, id} (sweep_position), as the batch before returned it, or null.
-- Returns {sessions, refreshTokens, blockedTokens, requests, intents, after, more}.
-- Raises MC400, MC403 (not an administrator), MC412.
create or replace function meander.purge_sessions(
  p_age text,
  p_after jsonb,
  p_limit integer,
  p_reason text,
  p_ticket text
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_platform constant uuid := '00000000-0000-0000-0000-000000000000';
  v_from record := meander.sweep_position(p_after);
  v_before timestamptz;
  v_organization uuid;
  v_start timestamptz;
  v_ended uuid[];
  v_last timestamptz;
  v_sessions integer := 0;
  v_tokens integer;
  v_tokens_all integer := 0;
  v_blocked integer;
  v_blocked_all integer := 0;
  v_requests integer := 0;
  v_intents integer := 0;
  v_after jsonb;
  v_events meander.audit_event[] := '{}';
begin
  if not meander.is_administrator() then
    raise exception using errcode = 'MC403', message = 'only an administrator of this database may do this';
  elsif current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'MC412', message = 'changes run at isolation level read committed only';
  elsif p_age is null or p_age not like 'P%' then
    raise exception using errcode = 'MC400', message = 'what is to be purged has an age';
  end if;
  perform meander.check_limit(p_limit);
  perform meander.check_reason(p_reason, p_ticket);
  v_before := meander.moment(p_age);
  if v_before > clock_timestamp() - interval '1 day' then
    raise exception using errcode = 'MC400', message = 'what is younger than a day is not purged';
  end if;

  for v_organization in
    select o.id from meander.organizations o
    where v_from.organization is null or o.id >= v_from.organization
    order by o.id
  loop
    v_start := case when v_organization = v_from.organization then v_from.at else '-infinity' end;
    -- No session can end before it begins, and by creation there is an index.
    select array_agg(ended.id order by ended.created_at, ended.id desc), max(ended.created_at) into v_ended, v_last
    from (
      select s.id, s.created_at
      from meander.sessions s
      where s.organization_id = v_organization
        and s.created_at < v_before
        and s.revoked_at < v_before
        and s.created_at >= v_start
        and (s.created_at > v_start or s.id < v_from.id)
      order by s.created_at, s.id desc
      limit p_limit - v_sessions
      for update skip locked
    ) as ended;
    continue when v_ended is null;

    delete from meander.token_blocklist b where b.session_id = any (v_ended);
    get diagnostics v_blocked = row_count;
    delete from meander.refresh_tokens t where t.session_id = any (v_ended);
    get diagnostics v_tokens = row_count;
    delete from meander.sessions s where s.id = any (v_ended);
    v_sessions := v_sessions + cardinality(v_ended);
    v_tokens_all := v_tokens_all + v_tokens;
    v_blocked_all := v_blocked_all + v_blocked;
    v_events := v_events || row(v_organization, 'session.purged', 'organization', v_organization::text, p_reason,
      p_ticket, null, jsonb_build_object('endedBefore', v_before, 'sessions', cardinality(v_ended),
        'refreshTokens', v_tokens, 'blockedTokens', v_blocked))::meander.audit_event;
    if v_sessions = p_limit then
      v_after := jsonb_build_object('organization', v_organization, 'at',
        (extract(epoch from v_last) * 1000000)::bigint, 'id', v_ended[cardinality(v_ended)]);
      exit;
    end if;
  end loop;

  if v_after is null then
    delete from meander.requests r where (r.login, r.request_id) in (
      select old.login, old.request_id from meander.requests old where old.created_at < v_before limit p_limit);
    get diagnostics v_requests = row_count;
    delete from meander.intents i where i.id in (
      select old.id from meander.intents old where old.created_at < v_before limit p_limit);
    get diagnostics v_intents = row_count;
    if v_requests + v_intents > 0 then
      v_events := v_events || row(v_platform, 'request.purged', 'organization', v_platform::text, p_reason, p_ticket,
        null, jsonb_build_object('madeBefore', v_before, 'requests', v_requests, 'intents', v_intents))::meander.audit_event;
    end if;
  end if;
  perform meander.append_audit_events(v_events) where v_events <> '{}';
  return jsonb_build_object('sessions', v_sessions, 'refreshTokens', v_tokens_all, 'blockedTokens', v_blocked_all,
    'requests', v_requests, 'intents', v_intents,
    'after', v_after, 'more', v_after is not null or p_limit in (v_requests, v_intents));
end
$$;
alter function meander.purge_sessions owner to meander_system;
grant execute on function meander.purge_sessions to meander_owner;
