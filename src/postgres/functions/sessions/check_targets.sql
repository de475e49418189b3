-- An act names its targets: null, nothing and null among them raise MC400, for an empty list is never "all".
create or replace function meander.check_targets(p_ids uuid[])
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_ids is null or cardinality(p_ids) = 0 or array_ndims(p_ids) > 1 or array_position(p_ids, null) is not null then
    raise exception using errcode = 'MC400', message = 'at least one id is required, and none may be null';
  elsif cardinality(p_ids) > 10000 then
    raise exception using errcode = 'MC400', message = 'one call takes at most 10000 ids';
  end if;
end
$$;
alter function meander.check_targets owner to meander_functions;
grant execute on function meander.check_targets to meander_system, meander_guard;
