-- The active global admin whom an e-mail address or id names, or null; active until the caller's transaction ends,
-- so that an off-boarding and a grant to the same person do not pass each other.
create or replace function meander.find_staff(p_name text)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_user uuid;
begin
  select u.id into v_user
  from meander.users u
  where u.organization_id is null
    and u.role = 'global_admin'
    and u.status = 'active'
    and (u.email = lower(p_name collate "C") or u.id = meander.uuid_or_null(p_name))
  for share;
  return v_user;
end
$$;
alter function meander.find_staff owner to meander_guard;
grant execute on function meander.find_staff to meander_functions;
