-- One of the caller's own sessions, whatever the role; as get_session.
-- Raises MC400 (null), MC401, MC404.
create or replace function meander.get_own_session(p_session uuid)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_own record := meander.own_scope();
begin
  if p_session is null then
    raise exception using errcode = 'MC400', message = 'a session id is required';
  end if;
  return meander.describe_session(p_session, v_own.p_organizations, v_own.p_user);
end
$$;
alter function meander.get_own_session owner to meander_system;
grant execute on function meander.get_own_session to meander_operator;
