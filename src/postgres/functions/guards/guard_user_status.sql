-- A user is deactivated and reinstated by the functions that do the whole act, by nobody else.
-- Raises MC403.
create or replace function meander.guard_user_status()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_user not in ('meander_functions', 'meander_system') then
    raise exception using errcode = 'MC403', message = 'a user''s status is changed by off-boarding and reinstating only';
  end if;
  return new;
end
$$;
alter function meander.guard_user_status owner to meander_guard;
create or replace trigger users_guard_status before update of status, deactivated_at on meander.users
for each row when ((new.status, new.deactivated_at) is distinct from (old.status, old.deactivated_at))
execute function meander.guard_user_status();
