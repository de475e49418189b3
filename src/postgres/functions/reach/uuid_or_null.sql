-- The uuid that a text is, or null: a list of names may hold both e-mail addresses and ids.
create or replace function meander.uuid_or_null(p_text text)
returns uuid
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_text ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then p_text::uuid
  end
$$;
alter function meander.uuid_or_null owner to meander_functions;
grant execute on function meander.uuid_or_null to meander_guard, meander_audit;
