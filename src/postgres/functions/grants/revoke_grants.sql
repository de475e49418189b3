-- Ends these grants with every session that was opened under them, chain and access tokens included, on the record
-- of their organizations: an event for each session, and one for each grant. What the caller may end is said by
-- revocable_grants; every other id is not found, unknown or foreign alike, and that is on the caller's own chain.
-- A grant that ended before is done, and its sessions are gone through all the same.
-- The lock timeout is short: whoever holds these rows is to be sent away (terminate_grantees), not waited for.
-- Returns {summary, items: [{grantId, organization, granteeUserId, granteeEmail, outcome, sessions, sessionsRevoked,
-- otherGrants: [{id, expiresAt}]}]}; otherGrants are the person's live grants there that go on. Or {refused} for a
-- role that may not.
-- Raises MC400, MC401, MC412, MC500.
create or replace function meander.revoke_grants(p_grants uuid[], p_reason text, p_ticket text, p_request_id uuid)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '1s'
as $$
declare
  v_operator meander.operator_identity := meander.current_operator();
  v_scope uuid[] := meander.revocable_grants(p_grants);
  v_asked uuid[] := (select array_agg(distinct g) from unnest(p_grants) as g);
  v_at timestamptz;
  v_before jsonb;
  v_sessions uuid[];
  v_ended meander.ended_session[] := '{}';
  v_result jsonb;
begin
  perform meander.check_reason(p_reason, p_ticket);
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'MC412', message = 'changes run at isolation level read committed only';
  elsif v_operator.role not in ('org_admin', 'global_admin') then
    perform meander.record_refusal(v_operator.home_id, 'grant.revoke_refused', 'grant', v_asked::text[], 'MC403',
      p_reason, p_ticket, p_request_id);
    return meander.refusal('MC403', 'the role of this operator may not change this');
  end if;

  -- From here on nobody opens a session under them, and whoever was about to has committed it or waits.
  perform from meander.support_access_grants g where g.id = any (v_scope) order by g.id for update;
  v_at := clock_timestamp();
  select coalesce(jsonb_object_agg(g.id, meander.session_state(g.revoked_at, g.expires_at, v_at)), '{}') into v_before
  from meander.support_access_grants g
  where g.id = any (v_scope);
  -- The sessions before the grants' own rows: a grant's end decides the state that they had.
  select array_agg(s.id order by s.id) into v_sessions
  from meander.sessions s
  where s.support_access_grant_id = any (v_scope);
  if v_sessions is not null then
    v_ended := meander.end_sessions(v_sessions, array_fill(p_reason, array[cardinality(v_sessions)]));
  end if;
  update meander.support_access_grants g
  set revoked_at = v_at, revoked_by = session_user, revoke_reason = p_reason
  where g.id = any (v_scope) and v_before ->> g.id::text = 'active';

  with ended as materialized (
    select s.support_access_grant_id as grant_id, e.*
    from unnest(v_ended) as e
    join meander.sessions s on s.id = e.session_id
  ), sums as (
    select ended.grant_id, jsonb_agg(ended.session_id order by ended.session_id) as sessions,
      count(*) filter (where ended.prior_state = 'active') as revoked,
      sum(ended.refresh_tokens) as refresh_tokens, sum(ended.access_tokens) as access_tokens
    from ended
    group by ended.grant_id
  ), item as (
    select asked.id, o.slug, g.grantee_user_id, u.email, v_before ->> asked.id::text as state, sums.*, (
        select jsonb_agg(jsonb_build_object('id', other.id, 'expiresAt', other.expires_at) order by other.expires_at)
        from meander.support_access_grants other
        where other.organization_id = g.organization_id
          and other.grantee_user_id = g.grantee_user_id
          and other.revoked_at is null
          and other.expires_at > clock_timestamp()) as others
    from unnest(v_asked) as asked (id)
    left join meander.support_access_grants g on g.id = asked.id and g.id = any (v_scope)
    left join meander.organizations o on o.id = g.organization_id
    left join meander.users u on u.id = g.grantee_user_id
    left join sums on sums.grant_id = g.id
  )
  select jsonb_build_object(
    'summary', jsonb_build_object(
      'requested', count(*),
      'revoked', count(*) filter (where item.state = 'active'),
      'alreadyRevoked', count(*) filter (where item.state = 'revoked'),
      'alreadyExpired', count(*) filter (where item.state = 'expired'),
      'notFound', count(*) filter (where item.state is null),
      'sessionsRevoked', coalesce(sum(item.revoked), 0),
      'refreshTokensRevoked', coalesce(sum(item.refresh_tokens), 0),
      'accessTokensBlocked', coalesce(sum(item.access_tokens), 0)),
    'items', jsonb_agg(jsonb_build_object(
      'grantId', item.id,
      'organization', item.slug,
      'granteeUserId', item.grantee_user_id,
      'granteeEmail', item.email,
      'outcome', case item.state
        when 'active' then 'revoked' when 'revoked' then 'alreadyRevoked' when 'expired' then 'alreadyExpired'
        else 'notFound' end,
      'sessions', coalesce(item.sessions, '[]'),
      'sessionsRevoked', coalesce(item.revoked, 0),
      'otherGrants', coalesce(item.others, '[]')) order by item.id))
  into v_result
  from item;

  perform meander.append_audit_events(array_agg(event order by event))
  from (
    select row(e.organization_id, 'session.revoked', 'session', e.session_id::text, p_reason, p_ticket, p_request_id,
      jsonb_build_object('userId', e.user_id, 'supportAccessGrantId', s.support_access_grant_id,
        'priorState', e.prior_state, 'refreshTokensRevoked', e.refresh_tokens,
        'accessTokensBlocked', e.access_tokens))::meander.audit_event as event
    from unnest(v_ended) as e
    join meander.sessions s on s.id = e.session_id
    where e.prior_state <> 'revoked' or e.refresh_tokens > 0 or e.access_tokens > 0
    union all
    select row(g.organization_id, 'grant.revoked', 'grant', g.id::text, p_reason, p_ticket, p_request_id,
      jsonb_build_object('granteeUserId', g.grantee_user_id, 'expiresAt', g.expires_at))::meander.audit_event
    from meander.support_access_grants g
    where g.id = any (v_scope) and v_before ->> g.id::text = 'active'
    union all
    select row(v_operator.home_id, 'grant.revoke_refused', 'grant', asked.id::text, p_reason, p_ticket, p_request_id,
      jsonb_build_object('refused', 'MC404'))::meander.audit_event
    from unnest(v_asked) as asked (id)
    where asked.id <> all (v_scope)
  ) as events
  having count(*) > 0;
  return v_result;
end
$$;
alter function meander.revoke_grants owner to meander_system;
grant execute on function meander.revoke_grants to meander_operator;
