-- The number of the newest applied migration; null in a schema without any.
create or replace function meander.schema_version()
returns integer
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select max(m.version) from meander.migrations m
$$;
alter function meander.schema_version owner to meander_guard;
grant execute on function meander.schema_version to meander_operator, meander_owner, meander_publisher, meander_auth;
