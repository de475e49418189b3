-- Which database this is, for what is kept outside of it: {id, systemIdentifier}. The id came with the installation
-- and stays through a dump and restore; the identifier is the cluster's, null where it cannot be read.
-- Raises MC401 for whoever is neither operator nor administrator.
create or replace function meander.database_identity()
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_system text;
begin
  if (meander.current_operator()).login is null and not meander.is_administrator() then
    raise exception using errcode = 'MC401', message = 'this login is no enabled operator of an active user';
  end if;
  begin
    v_system := (select s.system_identifier::text from pg_control_system() as s);
  exception when others then
    -- Closed by whoever keeps the server, or an embedded one without the file.
    v_system := null;
  end;
  return jsonb_build_object('id', (select i.database_id from meander.installation i), 'systemIdentifier', v_system);
end
$$;
alter function meander.database_identity owner to meander_functions;
grant execute on function meander.database_identity to meander_operator, meander_owner;
