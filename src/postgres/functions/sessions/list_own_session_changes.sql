-- What became of the caller's own sessions, whatever the role: see session_changes for parameters and result; an
-- organization in the selector only narrows.
-- Raises MC400, MC401, MC404.
create or replace function meander.list_own_session_changes(
  p_selector jsonb,
  p_since bigint,
  p_running jsonb,
  p_after_at bigint,
  p_after_key text,
  p_limit integer
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set jit = off
set lock_timeout = '5s'
as $$
declare
  v_own record := meander.own_selection(p_selector);
begin
  return meander.session_changes(
    p_selector, v_own.p_organizations, v_own.p_user, p_since, p_running, p_after_at, p_after_key, p_limit);
end
$$;
alter function meander.list_own_session_changes owner to meander_system;
grant execute on function meander.list_own_session_changes to meander_operator;
