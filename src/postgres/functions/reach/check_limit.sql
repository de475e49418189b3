-- A page has 1 to 10,000 rows: a cursor held open gives no more than that after a right has ended. Raises MC400.
create or replace function meander.check_limit(p_limit integer)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_limit is null or p_limit not between 1 and 10000 then
    raise exception using errcode = 'MC400', message = 'a page has 1 to 10000 rows';
  end if;
end
$$;
alter function meander.check_limit owner to meander_functions;
grant execute on function meander.check_limit to meander_system;
