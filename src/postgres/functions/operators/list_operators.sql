-- Every registered login. Raises MC403 for anybody but an administrator.
create or replace function meander.list_operators()
returns table (
  login text, state text, role text, user_id uuid, user_email text, organization_id uuid, organization text,
  created_at timestamptz, disabled_at timestamptz
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
begin
  perform meander.require_administrator();
  return query select * from meander.describe_operators(null);
end
$$;
alter function meander.list_operators owner to meander_registrar;
grant execute on function meander.list_operators to meander_owner;
