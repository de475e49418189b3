-- The arguments of a call as an intent keeps them: a list of more than 100 entries becomes its count and digest.
create or replace function meander.intent_arguments(p_arguments jsonb)
returns jsonb
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_object_agg(
    a.key,
    case
      when jsonb_typeof(a.value) = 'array' and jsonb_array_length(a.value) > 100
        then jsonb_build_object(
          'count', jsonb_array_length(a.value),
          'sha256', encode(sha256(convert_to(a.value::text, 'UTF8')), 'hex'))
      else a.value
    end), '{}')
  from jsonb_each(p_arguments) as a
$$;
alter function meander.intent_arguments owner to meander_guard;
grant execute on function meander.intent_arguments to meander_functions;
