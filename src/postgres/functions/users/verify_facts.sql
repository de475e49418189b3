-- What is still open to these users, read from the tables as they are now. Runs with its caller's rights.
-- Returns [{userId, email, status, activeSessions: [{id, endsAt}], refreshTokens: [{id, sessionId, endsAt}],
-- unblocked: [{jti, sessionId, expiresAt}], blocked: [{jti, sessionId, expiresAt, remainingMs, publishedAt}],
-- grants: [{id, expiresAt}]}]: refresh tokens that still refresh or belong to an ended session unrevoked, and the
-- unexpired access tokens of ended sessions, those outside the blocklist apart.
create or replace function meander.verify_facts(p_users uuid[])
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_at timestamptz := clock_timestamp();
begin
  return (
    with session as materialized (
      select d.id, d.user_id, d.effective_expires_at, meander.session_state(d.revoked_at, d.effective_expires_at, v_at) as state
      from meander.session_details d
      where d.user_id = any (p_users)
    ), token as materialized (
      select s.user_id, s.state, s.effective_expires_at, t.id, t.session_id, t.access_jti, t.access_expires_at,
        t.rotated_at is null and t.revoked_at is null as live, b.jti is not null as blocked, b.published_at
      from session s
      join meander.refresh_tokens t on t.session_id = s.id
      left join meander.token_blocklist b on b.jti = t.access_jti
      where (t.rotated_at is null and t.revoked_at is null) or t.access_expires_at > v_at
    )
    select coalesce(jsonb_agg(jsonb_build_object(
      'userId', u.id,
      'email', u.email,
      'status', u.status,
      'activeSessions', (
        select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'endsAt', s.effective_expires_at) order by s.id), '[]')
        from session s where s.user_id = u.id and s.state = 'active'),
      'refreshTokens', (
        select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'sessionId', t.session_id,
          'endsAt', t.effective_expires_at) order by t.id), '[]')
        from token t where t.user_id = u.id and t.live and t.state <> 'expired'),
      'unblocked', (
        select coalesce(jsonb_agg(jsonb_build_object('jti', t.access_jti, 'sessionId', t.session_id,
          'expiresAt', t.access_expires_at) order by t.access_expires_at), '[]')
        from token t where t.user_id = u.id and t.state <> 'active' and t.access_expires_at > v_at and not t.blocked),
      'blocked', (
        select coalesce(jsonb_agg(jsonb_build_object('jti', t.access_jti, 'sessionId', t.session_id,
          'expiresAt', t.access_expires_at, 'publishedAt', t.published_at,
          'remainingMs', (extract(epoch from t.access_expires_at - v_at) * 1000)::bigint) order by t.access_expires_at), '[]')
        from token t where t.user_id = u.id and t.state <> 'active' and t.access_expires_at > v_at and t.blocked),
      'grants', (
        select coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'expiresAt', g.expires_at) order by g.id), '[]')
        from meander.support_access_grants g
        where g.grantee_user_id = u.id and g.revoked_at is null and g.expires_at > v_at)
    ) order by asked.position), '[]')
    from unnest(p_users) with ordinality as asked (id, position)
    join meander.users u on u.id = asked.id);
end
$$;
alter function meander.verify_facts owner to meander_functions;
grant execute on function meander.verify_facts to meander_system;
