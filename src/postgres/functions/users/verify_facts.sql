-- What is still open to these users, read from the tables as they are now. Runs with its caller's rights.
-- Returns [{userId, email, status, activeSessions: [{id, endsAt}], refreshTokens: [{id, sessionId, endsAt}],
-- unblocked: [{jti, sessionId, expiresAt}], blocked: [{jti, sessionId, expiresAt, remainingMs, publishedAt}],
-- grants: [{id, expiresAt}]}]: refresh tokens that still refresh or belong to an ended session unrevoked, and the
-- unexpired access tokens of ended sessions, those outside the blocklist apart.
-- Raises MC412 on a standby.
create or replace function meander.verify_facts(p_users uuid[])
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_at timestamptz := clock_timestamp();
begin
  if pg_is_in_recovery() then
    raise exception using errcode = 'MC412',
      message = 'this is a standby, and a standby proves nothing: what was done at the primary may not have come yet',
      hint = 'Ask the primary: PGTARGETSESSIONATTRS=read-write.';
  end if;
  -- Gathered by user before they are joined: looked up for each user, a list of users costs its square.
  return (
    with session as materialized (
      select d.id, d.user_id, d.effective_expires_at, meander.session_state(d.revoked_at, d.effective_expires_at, v_at) as state
      from meander.session_details d
      where d.user_id = any (p_users)
    ), token as (
      select s.user_id, s.state, s.effective_expires_at, t.id, t.session_id, t.access_jti, t.access_expires_at,
        t.rotated_at is null and t.revoked_at is null as live, b.jti is not null as blocked, b.published_at
      from session s
      join meander.refresh_tokens t on t.session_id = s.id
      left join meander.token_blocklist b on b.jti = t.access_jti
      where (t.rotated_at is null and t.revoked_at is null) or t.access_expires_at > v_at
    ), active as (
      select s.user_id, jsonb_agg(jsonb_build_object('id', s.id, 'endsAt', s.effective_expires_at) order by s.id) as sessions
      from session s
      where s.state = 'active'
      group by s.user_id
    ), tokens as (
      select t.user_id,
        jsonb_agg(jsonb_build_object('id', t.id, 'sessionId', t.session_id, 'endsAt', t.effective_expires_at) order by t.id)
          filter (where t.live and t.state <> 'expired') as live,
        jsonb_agg(jsonb_build_object('jti', t.access_jti, 'sessionId', t.session_id, 'expiresAt', t.access_expires_at)
          order by t.access_expires_at)
          filter (where t.state <> 'active' and t.access_expires_at > v_at and not t.blocked) as unblocked,
        jsonb_agg(jsonb_build_object('jti', t.access_jti, 'sessionId', t.session_id, 'expiresAt', t.access_expires_at,
          'publishedAt', t.published_at,
          'remainingMs', (extract(epoch from t.access_expires_at - v_at) * 1000)::bigint) order by t.access_expires_at)
          filter (where t.state <> 'active' and t.access_expires_at > v_at and t.blocked) as blocked
      from token t
      group by t.user_id
    ), held as (
      select g.grantee_user_id, jsonb_agg(jsonb_build_object('id', g.id, 'expiresAt', g.expires_at) order by g.id) as grants
      from meander.support_access_grants g
      where g.grantee_user_id = any (p_users) and g.revoked_at is null and g.expires_at > v_at
      group by g.grantee_user_id
    )
    select coalesce(jsonb_agg(jsonb_build_object(
      'userId', u.id,
      'email', u.email,
      'status', u.status,
      'activeSessions', coalesce(active.sessions, '[]'),
      'refreshTokens', coalesce(tokens.live, '[]'),
      'unblocked', coalesce(tokens.unblocked, '[]'),
      'blocked', coalesce(tokens.blocked, '[]'),
      'grants', coalesce(held.grants, '[]')
    ) order by asked.position), '[]')
    from unnest(p_users) with ordinality as asked (id, position)
    join meander.users u on u.id = asked.id
    left join active on active.user_id = u.id
    left join tokens on tokens.user_id = u.id
    left join held on held.grantee_user_id = u.id);
end
$$;
alter function meander.verify_facts owner to meander_functions;
grant execute on function meander.verify_facts to meander_system;
