-- A rotation spends a live token of an active session, once.
-- Raises MC410.
create or replace function meander.guard_token_rotation()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if old.rotated_at is not null or old.revoked_at is not null or meander.hold_session(new.session_id) is null then
    raise exception using errcode = 'MC410', message = 'the refresh token is spent or its session is not active';
  end if;
  return new;
end
$$;
alter function meander.guard_token_rotation owner to meander_guard;
create or replace trigger refresh_tokens_guard_rotation before update of rotated_at on meander.refresh_tokens
for each row when (new.rotated_at is distinct from old.rotated_at)
execute function meander.guard_token_rotation();
create or replace trigger refresh_tokens_guard_ending before update on meander.refresh_tokens
for each row when (
  (old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at)
  or new.id <> old.id or new.session_id <> old.session_id or new.organization_id <> old.organization_id
  or new.parent_id is distinct from old.parent_id or new.token_hash <> old.token_hash or new.access_jti <> old.access_jti
  or new.access_expires_at <> old.access_expires_at)
execute function meander.guard_session_ending();
