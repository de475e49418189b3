-- Ends the access of users whole: with p_deactivate the accounts and the support access grants that they hold,
-- always every session with chain and access tokens. The common end of sign-out and off-boarding; the caller has
-- checked reach and locked the users in id order. Runs with its caller's rights.
--
-- The accounts come first: from then on no login gets in, and one that was on its way has committed before the
-- lock was given and is seen below. Grants before sessions, as `grants revoke` does it: otherwise they deadlock.
-- An event per user on the chain of the user's organization, or the platform's; none for a user with nothing to end.
-- What ended inside another organization, under a grant, is on that organization's record too.
-- Returns one entry per user: {userId, email, ended, sessionsRevoked, refreshTokensRevoked, accessTokensBlocked,
-- grantsRevoked}.
create or replace function meander.end_users(
  p_users uuid[],
  p_reasons text[],
  p_tickets text[],
  p_request_id uuid,
  p_deactivate boolean
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_home constant uuid := '00000000-0000-0000-0000-000000000000';
  v_at timestamptz := clock_timestamp();
  v_deactivated uuid[] := '{}';
  v_grants jsonb := '{}';
  v_under_grants uuid[] := '{}';
  v_sessions uuid[];
  v_reasons text[];
  v_ended meander.ended_session[] := '{}';
  v_facts jsonb;
begin
  if p_deactivate then
    with deactivated as (
      update meander.users u
      set status = 'deactivated', deactivated_at = v_at
      where u.id = any (p_users) and u.status = 'active'
      returning u.id
    )
    select coalesce(array_agg(id), '{}') into v_deactivated from deactivated;

    perform from meander.support_access_grants g
    where g.grantee_user_id = any (p_users) and g.revoked_at is null and g.expires_at > v_at
    order by g.id for update;
    if found then
      -- With its grant a session ends by itself: afterwards nothing tells that it was active until now.
      select coalesce(array_agg(d.id), '{}') into v_under_grants
      from meander.session_details d
      where d.user_id = any (p_users) and d.support_access_grant_id is not null
        and meander.session_state(d.revoked_at, d.effective_expires_at, v_at) = 'active';
    end if;
    with revoked as (
      update meander.support_access_grants g
      set revoked_at = v_at, revoked_by = session_user, revoke_reason = asked.reason
      from unnest(p_users, p_reasons) as asked (id, reason)
      where g.grantee_user_id = asked.id and g.revoked_at is null and g.expires_at > v_at
      returning g.id, g.grantee_user_id
    )
    select coalesce(jsonb_object_agg(grantee_user_id, ids), '{}') into v_grants
    from (select grantee_user_id, jsonb_agg(id order by id) as ids from revoked group by grantee_user_id) as held;
  end if;

  select array_agg(s.id order by s.id), array_agg(asked.reason order by s.id) into v_sessions, v_reasons
  from meander.sessions s
  join unnest(p_users, p_reasons) as asked (id, reason) on asked.id = s.user_id
  where s.revoked_at is null
    -- What a broken store left open of a session that ended before is ended with the others.
    or exists (
      select from meander.refresh_tokens t
      where t.session_id = s.id
        and (t.rotated_at is null and t.revoked_at is null
          or t.access_expires_at > v_at
            and not exists (select from meander.token_blocklist b where b.jti = t.access_jti)));
  if v_sessions is not null then
    v_ended := meander.end_sessions(v_sessions, v_reasons);
  end if;

  select jsonb_agg(jsonb_build_object(
    'userId', u.id,
    'email', u.email,
    'organizationId', coalesce(u.organization_id, v_home),
    'reason', asked.reason,
    'ticket', asked.ticket,
    'deactivated', u.id = any (v_deactivated),
    'sessions', coalesce(e.sessions, '[]'),
    'sessionsRevoked', coalesce(e.active, 0),
    'refreshTokensRevoked', coalesce(e.refresh_tokens, 0),
    'accessTokensBlocked', coalesce(e.access_tokens, 0),
    'grants', coalesce(v_grants -> u.id::text, '[]')) order by asked.position)
  into v_facts
  from unnest(p_users, p_reasons, p_tickets) with ordinality as asked (id, reason, ticket, position)
  join meander.users u on u.id = asked.id
  left join (
    select user_id, jsonb_agg(session_id order by session_id) as sessions,
      count(*) filter (where prior_state = 'active' or session_id = any (v_under_grants)) as active,
      sum(refresh_tokens) as refresh_tokens, sum(access_tokens) as access_tokens
    from unnest(v_ended) group by user_id
  ) as e on e.user_id = u.id;

  perform meander.append_audit_events(array_agg(event order by place, event))
  from (
    select position as place, row((fact ->> 'organizationId')::uuid, case when p_deactivate then 'user.offboarded' else 'user.signed_out' end,
      'user', fact ->> 'userId', fact ->> 'reason', fact ->> 'ticket', p_request_id,
      jsonb_build_object('sessions', fact -> 'sessions',
        'refreshTokensRevoked', fact -> 'refreshTokensRevoked', 'accessTokensBlocked', fact -> 'accessTokensBlocked')
      || case when p_deactivate
        then jsonb_build_object('grants', fact -> 'grants',
          'priorStatus', case when (fact ->> 'deactivated')::boolean then 'active' else 'deactivated' end)
        else '{}' end)::meander.audit_event as event
    from jsonb_array_elements(v_facts) with ordinality as f (fact, position)
    where (fact ->> 'deactivated')::boolean or fact -> 'sessions' <> '[]' or fact -> 'grants' <> '[]'
    union all
    select 0, row(g.organization_id, 'grant.revoked', 'grant', g.id::text, g.revoke_reason, null, p_request_id,
      jsonb_build_object('granteeUserId', g.grantee_user_id, 'expiresAt', g.expires_at))::meander.audit_event
    from jsonb_each(v_grants) as held (grantee, ids)
    cross join jsonb_array_elements_text(held.ids) as revoked (id)
    join meander.support_access_grants g on g.id = revoked.id::uuid
    union all
    select 0, row(e.organization_id, 'session.revoked', 'session', e.session_id::text, s.revoke_reason, null, p_request_id,
      jsonb_build_object('userId', e.user_id, 'supportAccessGrantId', s.support_access_grant_id,
        'priorState', case when e.session_id = any (v_under_grants) then 'active' else e.prior_state end,
        'refreshTokensRevoked', e.refresh_tokens, 'accessTokensBlocked', e.access_tokens))::meander.audit_event
    from unnest(v_ended) as e
    join meander.sessions s on s.id = e.session_id
    where s.support_access_grant_id is not null
  ) as events
  having count(*) > 0;

  return (
    select jsonb_agg(jsonb_build_object(
      'userId', fact -> 'userId',
      'email', fact -> 'email',
      'ended', (fact ->> 'deactivated')::boolean or fact -> 'sessions' <> '[]' or fact -> 'grants' <> '[]',
      'sessions', fact -> 'sessions',
      'sessionsRevoked', fact -> 'sessionsRevoked',
      'refreshTokensRevoked', fact -> 'refreshTokensRevoked',
      'accessTokensBlocked', fact -> 'accessTokensBlocked',
      'grantsRevoked', jsonb_array_length(fact -> 'grants')) order by position)
    from jsonb_array_elements(v_facts) with ordinality as f (fact, position));
end
$$;
alter function meander.end_users owner to meander_functions;
grant execute on function meander.end_users to meander_system;
