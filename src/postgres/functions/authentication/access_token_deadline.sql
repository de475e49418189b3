-- The latest moment at which an access token of this session may expire: 15 minutes ahead, or the session's
-- effective end if that comes first. To be asked before signing, since a later token is refused.
-- Returns null for a session that is not active. Raises MC403 (not the Authentication Module).
create or replace function meander.access_token_deadline(p_session uuid)
returns timestamptz
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_at timestamptz := clock_timestamp();
begin
  if not pg_has_role(session_user, 'meander_auth', 'member') then
    raise exception using errcode = 'MC403', message = 'only the Authentication Module may do this';
  end if;
  return (
    select least(d.effective_expires_at, v_at + interval '15 minutes')
    from meander.session_details d
    where d.id = p_session and meander.session_state(d.revoked_at, d.effective_expires_at, v_at) = 'active');
end
$$;
alter function meander.access_token_deadline owner to meander_guard;
grant execute on function meander.access_token_deadline to meander_auth;
