-- A point in time as an end is given: a timestamp, or an ISO 8601 duration after p_from (PT15M), so that the end
-- is reckoned by the database's clock. Null stays null. Raises MC400.
create or replace function meander.moment_ahead(p_value text, p_from timestamptz)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
  return case when p_value like 'P%' then p_from + p_value::interval else p_value::timestamptz end;
exception
  when invalid_datetime_format or datetime_field_overflow or interval_field_overflow or invalid_text_representation then
    raise exception using errcode = 'MC400', message = 'not a point in time';
end
$$;
alter function meander.moment_ahead owner to meander_functions;
