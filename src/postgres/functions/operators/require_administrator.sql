-- First layer of the administrator's functions. Raises MC403 for any other login.
create or replace function meander.require_administrator()
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not meander.is_administrator() then
    raise exception using errcode = 'MC403', message = 'only an administrator of this database may do this';
  end if;
end
$$;
alter function meander.require_administrator owner to meander_registrar;
