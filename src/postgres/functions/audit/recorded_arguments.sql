-- The arguments of a call as the record of an organization keeps them for good: whom they name, by id (named_by_id);
-- of what a name was searched by, the length alone. The intent itself has them as they are, until it is purged.
create or replace function meander.recorded_arguments(p_arguments jsonb, p_organization uuid)
returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_object_agg(a.key, case
    when a.key = 'search' then to_jsonb(format('(%s characters)', length(a.value #>> '{}')))
    when jsonb_typeof(a.value) = 'array' then (
      select coalesce(jsonb_agg(
        case when says.person then to_jsonb(meander.named_by_id(e.value #>> '{}', p_organization)) else e.value end
        order by e.position), '[]')
      from jsonb_array_elements(a.value) with ordinality as e (value, position)
      cross join lateral (
        select jsonb_typeof(e.value) = 'string' and (a.key = 'names' or e.value #>> '{}' ~ '^[^\s@]+@[^\s@]+$')
      ) as says (person))
    when jsonb_typeof(a.value) = 'string' and (a.key = 'user' or a.value #>> '{}' ~ '^[^\s@]+@[^\s@]+$')
      then to_jsonb(meander.named_by_id(a.value #>> '{}', p_organization))
    else a.value
  end), '{}')
  from jsonb_each(p_arguments) as a
$$;
alter function meander.recorded_arguments owner to meander_functions;
