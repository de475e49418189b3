-- One page of the caller's own sessions, whatever the role: see session_page for the parameters; an
-- organization in the selector only narrows.
-- Raises MC400, MC401, MC404.
create or replace function meander.list_own_sessions(
  p_selector jsonb,
  p_sort text,
  p_after_at bigint,
  p_after_id uuid,
  p_limit integer,
  p_floor_at bigint default null
)
returns setof meander.session_record
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_own record := meander.own_selection(p_selector);
begin
  return query
  select * from meander.session_page(
    p_selector, v_own.p_organizations, v_own.p_user, p_sort, p_after_at, p_after_id, p_limit, p_floor_at);
end
$$;
alter function meander.list_own_sessions owner to meander_system;
grant execute on function meander.list_own_sessions to meander_operator;
