-- A grant is shortened by ending it, never lengthened, moved or brought back.
-- Raises MC410.
create or replace function meander.guard_grant_ending()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'MC410', message = 'a grant''s end and origin are never changed';
end
$$;
alter function meander.guard_grant_ending owner to meander_guard;
create or replace trigger support_access_grants_guard_ending before update on meander.support_access_grants
for each row when (
  old.revoked_at is not null
  or new.id <> old.id or new.organization_id <> old.organization_id or new.grantee_user_id <> old.grantee_user_id
  or new.created_at <> old.created_at or new.expires_at > old.expires_at
  or new.created_xid is distinct from old.created_xid)
execute function meander.guard_grant_ending();
