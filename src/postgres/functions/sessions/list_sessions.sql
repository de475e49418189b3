-- One page of the sessions within reach: see session_page for the parameters.
-- Raises MC300, MC400, MC401, MC403, MC404, MC428.
create or replace function meander.list_sessions(
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
begin
  return query
  select * from meander.session_page(
    p_selector,
    meander.authorize_read('list_sessions', p_selector, p_selector ->> 'organization'),
    null, p_sort, p_after_at, p_after_id, p_limit, p_floor_at);
end
$$;
alter function meander.list_sessions owner to meander_functions;
grant execute on function meander.list_sessions to meander_operator;
