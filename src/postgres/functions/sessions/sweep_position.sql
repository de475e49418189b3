-- Where a batch of a walk over organizations and sessions begins: after the session that p_after names as
-- {organization, at (microseconds), id}; nulls for the beginning. Raises MC400.
create or replace function meander.sweep_position(p_after jsonb, out organization uuid, out at timestamptz, out id uuid)
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform meander.check_selector(coalesce(p_after, '{}'), array['organization', 'at', 'id']);
  organization := (p_after ->> 'organization')::uuid;
  at := timestamptz 'epoch' + (p_after ->> 'at')::bigint * interval '1 microsecond';
  id := (p_after ->> 'id')::uuid;
exception when invalid_text_representation or numeric_value_out_of_range or datetime_field_overflow then
  raise exception using errcode = 'MC400', message = 'not a position of a sweep';
end
$$;
alter function meander.sweep_position owner to meander_functions;
grant execute on function meander.sweep_position to meander_system;
