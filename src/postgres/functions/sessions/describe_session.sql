-- What get_session and get_own_session show of one session. Runs with its caller's rights.
-- Raises MC404.
create or replace function meander.describe_session(p_session uuid, p_organizations uuid[], p_own uuid)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_at timestamptz := clock_timestamp();
  v_session meander.session_record;
begin
  select page.* into v_session
  from meander.session_page(jsonb_build_object('ids', jsonb_build_array(p_session), 'state', 'any'),
    p_organizations, p_own, 'created', null, null, 1) as page;
  if v_session.id is null then
    raise exception using errcode = 'MC404', message = 'no such session within your reach';
  end if;
  return jsonb_build_object(
    'session', to_jsonb(v_session),
    'chain', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', t.id,
        'parentId', t.parent_id,
        'createdAt', t.created_at,
        'rotatedAt', t.rotated_at,
        'revokedAt', t.revoked_at,
        'state', case
          when t.revoked_at is not null then 'revoked'
          when t.rotated_at is not null then 'rotated'
          when v_session.state = 'active' then 'live'
          else v_session.state
        end) order by t.created_at, t.id), '[]')
      from meander.refresh_tokens t where t.session_id = p_session),
    'accessTokens', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'jti', t.access_jti,
        'expiresAt', t.access_expires_at,
        'remainingSeconds', ceil(extract(epoch from t.access_expires_at - v_at))::integer,
        'blocked', b.jti is not null,
        'publishedAt', b.published_at) order by t.access_expires_at, t.access_jti), '[]')
      from meander.refresh_tokens t
      left join meander.token_blocklist b on b.jti = t.access_jti
      where t.session_id = p_session and t.access_expires_at > v_at),
    'auditEvents', (
      select coalesce(jsonb_agg(to_jsonb(e) order by e.seq desc), '[]')
      from (
        select v_session.organization as organization, a.organization_id, a.seq, a.at, a.actor, a.actor_user_id,
          a.action, a.target_type, a.target_id, a.reason, a.ticket, a.request_id, a.details,
          encode(a.prev_hash, 'hex') as prev_hash, encode(a.hash, 'hex') as hash
        from meander.audit_log a
        where a.organization_id = v_session.organization_id
          and (a.target_id = p_session::text
            or (a.target_id = v_session.user_id::text and a.details -> 'sessions' ? p_session::text))
        order by a.seq desc
        limit 100) as e)
  );
end
$$;
alter function meander.describe_session owner to meander_functions;
grant execute on function meander.describe_session to meander_system;
