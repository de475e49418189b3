-- What these sessions' blocked access tokens may still open: in mode redis those that Redis may not know yet,
-- until they expire; in mode database none. Only sessions of the caller's own organization, or ended by it.
-- Returns {mode, published, residual: [{jti, sessionId, expiresAt}]}.
-- Raises MC400, MC401.
create or replace function meander.residual_access(p_sessions uuid[])
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_operator meander.operator_identity := meander.current_operator();
  v_mode text := (select i.blocklist_mode from meander.installation i);
begin
  perform meander.check_targets(p_sessions);
  if v_operator.login is null and not meander.is_administrator()
    and not pg_has_role(session_user, 'meander_auth', 'member') then
    raise exception using errcode = 'MC401', message = 'this login is no enabled operator of an active user';
  end if;
  return (
    select jsonb_build_object(
      'mode', v_mode,
      'published', count(*) filter (where v_mode = 'redis' and b.published_at is not null),
      'residual', coalesce(jsonb_agg(
        jsonb_build_object('jti', b.jti, 'sessionId', b.session_id, 'expiresAt', b.expires_at)
        order by b.expires_at, b.jti) filter (where v_mode = 'redis' and b.published_at is null), '[]'))
    from meander.token_blocklist b
    join meander.sessions s on s.id = b.session_id
    where b.session_id = any (p_sessions)
      and (s.revoked_by = session_user or s.organization_id = v_operator.organization_id)
      and b.expires_at > clock_timestamp());
end
$$;
alter function meander.residual_access owner to meander_system;
grant execute on function meander.residual_access to meander_operator, meander_auth, meander_owner;
