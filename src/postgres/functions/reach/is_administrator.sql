-- Whether this login installs and keeps the database: a member of meander_owner.
create or replace function meander.is_administrator()
returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return pg_has_role(session_user, 'meander_owner', 'member');
end
$$;
alter function meander.is_administrator owner to meander_guard;
grant execute on function meander.is_administrator to meander_functions, meander_registrar, meander_system;
