-- A point in time as selectors carry it: a timestamp, or an ISO 8601 duration ago (PT15M), reckoned by the
-- database's clock so that a wrong one on the operator's machine changes nothing. Null stays null. Raises MC400.
create or replace function meander.moment(p_value text)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
  return case when p_value like 'P%' then clock_timestamp() - p_value::interval else p_value::timestamptz end;
exception
  when invalid_datetime_format or datetime_field_overflow or interval_field_overflow or invalid_text_representation then
    raise exception using errcode = 'MC400', message = 'not a point in time';
end
$$;
alter function meander.moment owner to meander_functions;
grant execute on function meander.moment to meander_system;
