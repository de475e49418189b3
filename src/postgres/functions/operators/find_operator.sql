-- The registration of a login, locked. Raises MC404.
create or replace function meander.find_operator(p_login text)
returns meander.operators
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator meander.operators;
begin
  select * into v_operator from meander.operators o where o.login = p_login for update;
  if not found then
    raise exception using errcode = 'MC404', message = 'no such operator';
  end if;
  return v_operator;
end
$$;
alter function meander.find_operator owner to meander_registrar;
