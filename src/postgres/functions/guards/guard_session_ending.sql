-- An ended session stays ended, and nobody moves one to another person, place or time.
-- Raises MC410.
-- Columns one by one: of two rows compared at once PostgreSQL says another definition after a dump and a restore.
create or replace function meander.guard_session_ending()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'MC410', message = 'a session''s end and origin are never changed';
end
$$;
alter function meander.guard_session_ending owner to meander_guard;
create or replace trigger sessions_guard_ending before update on meander.sessions
for each row when (
  (old.revoked_at is not null and (new.revoked_at is distinct from old.revoked_at
    or new.revoked_by is distinct from old.revoked_by or new.revoke_reason is distinct from old.revoke_reason))
  or new.id <> old.id or new.user_id <> old.user_id or new.organization_id <> old.organization_id
  or new.created_at <> old.created_at or new.expires_at > old.expires_at
  or new.support_access_grant_id is distinct from old.support_access_grant_id)
execute function meander.guard_session_ending();
