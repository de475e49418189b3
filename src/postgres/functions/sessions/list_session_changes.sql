-- What became of the sessions within reach that a selector names: see session_changes for parameters and result.
-- Raises MC300, MC400, MC401, MC403, MC404, MC428.
create or replace function meander.list_session_changes(
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
begin
  return meander.session_changes(
    p_selector,
    meander.authorize_read('list_session_changes', p_selector, p_selector ->> 'organization'),
    null, p_since, p_running, p_after_at, p_after_key, p_limit);
end
$$;
alter function meander.list_session_changes owner to meander_functions;
grant execute on function meander.list_session_changes to meander_operator;
