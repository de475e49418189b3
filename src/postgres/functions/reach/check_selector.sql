-- A selector is an object with known keys; a misspelled one must never select more. Raises MC400.
create or replace function meander.check_selector(p_selector jsonb, p_keys text[])
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_unknown text;
begin
  if p_selector is null or jsonb_typeof(p_selector) <> 'object' then
    raise exception using errcode = 'MC400', message = 'a selector is a JSON object';
  end if;
  select min(k) into v_unknown from jsonb_object_keys(p_selector) as k where k <> all (p_keys);
  if v_unknown is not null then
    raise exception using errcode = 'MC400', message = format('the selector has an unknown key %I', v_unknown);
  end if;
end
$$;
alter function meander.check_selector owner to meander_functions;
grant execute on function meander.check_selector to meander_system;
