-- The caller's own sessions, counted, whatever the role: see count_sessions; an organization in the selector only
-- narrows.
-- Raises MC400, MC401, MC404.
create or replace function meander.own_session_stats(p_selector jsonb)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_own record := meander.own_selection(p_selector);
begin
  return meander.count_sessions(p_selector, v_own.p_organizations, v_own.p_user);
end
$$;
alter function meander.own_session_stats owner to meander_system;
grant execute on function meander.own_session_stats to meander_operator;
