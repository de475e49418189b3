-- What a function returns instead of its result when it refuses: the SQLSTATE that would have been raised.
create or replace function meander.refusal(p_code text, p_message text)
returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object('refused', jsonb_build_object('sqlstate', p_code, 'message', p_message))
$$;
alter function meander.refusal owner to meander_functions;
grant execute on function meander.refusal to meander_system;
