-- How many sessions within reach a selector names, in which state, of which kind and age: see count_sessions.
-- Raises MC300, MC400, MC401, MC403, MC404, MC428.
create or replace function meander.session_stats(p_selector jsonb)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
begin
  return meander.count_sessions(
    p_selector,
    meander.authorize_read('session_stats', p_selector, p_selector ->> 'organization'),
    null);
end
$$;
alter function meander.session_stats owner to meander_functions;
grant execute on function meander.session_stats to meander_operator;
