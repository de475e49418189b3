-- One session within reach with its refresh chain (never a hash), its live access tokens and its newest
-- hundred audit events, as {session, chain, accessTokens, auditEvents}.
-- Raises MC400 (null), MC401, MC403, MC404 (unknown or foreign, alike), MC428.
create or replace function meander.get_session(p_session uuid)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_organizations uuid[];
begin
  if p_session is null then
    raise exception using errcode = 'MC400', message = 'a session id is required';
  end if;
  v_organizations := meander.authorize_read('get_session', jsonb_build_object('session', p_session), null);
  return meander.describe_session(p_session, v_organizations, null);
end
$$;
alter function meander.get_session owner to meander_functions;
grant execute on function meander.get_session to meander_operator;
