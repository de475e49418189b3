-- A duration in the words of the options: 15m, 1d12h. Null stays null.
create or replace function meander.duration_text(p_duration interval)
returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case when p_duration is not null then concat(
    nullif(s.total / 86400, 0) || 'd',
    nullif(s.total % 86400 / 3600, 0) || 'h',
    nullif(s.total % 3600 / 60, 0) || 'm',
    nullif(s.total % 60, 0) || 's') end
  from (select extract(epoch from p_duration)::bigint) as s (total)
$$;
alter function meander.duration_text owner to meander_functions;
