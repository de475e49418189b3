-- The common end of every act on sessions by their ids (revoke_sessions, end_user_session …): ends those of the asked-for sessions that are in
-- scope, appends one event each, and one refusal for each id that is not there (unknown or foreign, alike).
-- p_user: who acts, as append_audit_events has it.
-- Runs with its caller's rights. Returns {summary, items} as the contract's RevocationResult has them.
create or replace function meander.revocation(
  p_sessions uuid[],
  p_in_scope uuid[],
  p_home uuid,
  p_reason text,
  p_ticket text,
  p_request_id uuid,
  p_user uuid default null
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_asked uuid[];
  v_ended meander.ended_session[];
  v_result jsonb;
begin
  select coalesce(array_agg(distinct s), '{}') into v_asked from unnest(p_sessions) as s;
  v_ended := case when p_in_scope = '{}' then '{}' else meander.end_sessions(p_in_scope, array_fill(p_reason, array[cardinality(p_in_scope)])) end;

  select jsonb_build_object(
    'summary', jsonb_build_object(
      'requested', cardinality(v_asked),
      'revoked', count(*) filter (where e.prior_state = 'active'),
      'alreadyRevoked', count(*) filter (where e.prior_state = 'revoked'),
      'alreadyExpired', count(*) filter (where e.prior_state = 'expired'),
      'notFound', count(*) filter (where e.session_id is null),
      'refreshTokensRevoked', coalesce(sum(e.refresh_tokens), 0),
      'accessTokensBlocked', coalesce(sum(e.access_tokens), 0)),
    'items', coalesce(jsonb_agg(jsonb_build_object(
      'sessionId', asked.id,
      'userId', e.user_id,
      'userEmail', u.email,
      'outcome', case e.prior_state
        when 'active' then 'revoked' when 'revoked' then 'alreadyRevoked' when 'expired' then 'alreadyExpired'
        else 'notFound' end) order by asked.id), '[]'))
  into v_result
  from unnest(v_asked) as asked (id)
  left join unnest(v_ended) as e on e.session_id = asked.id
  left join meander.users u on u.id = e.user_id;

  perform meander.append_audit_events(array_agg(event order by event), p_user)
  from (
    select row(e.organization_id, 'session.revoked', 'session', e.session_id::text, p_reason, p_ticket, p_request_id,
      jsonb_build_object('userId', e.user_id, 'supportAccessGrantId', s.support_access_grant_id,
        'priorState', e.prior_state, 'refreshTokensRevoked', e.refresh_tokens,
        'accessTokensBlocked', e.access_tokens))::meander.audit_event as event
    from unnest(v_ended) as e
    join meander.sessions s on s.id = e.session_id
    where e.prior_state <> 'revoked' or e.refresh_tokens > 0 or e.access_tokens > 0
    union all
    select row(p_home, 'session.revoke_refused', 'session', asked.id::text, p_reason, p_ticket, p_request_id,
      jsonb_build_object('refused', 'MC404'))::meander.audit_event
    from unnest(v_asked) as asked (id)
    where asked.id <> all (p_in_scope)
  ) as events
  having count(*) > 0;
  return v_result;
end
$$;
alter function meander.revocation owner to meander_functions;
grant execute on function meander.revocation to meander_system;
