-- A new refresh token, at login or rotation: its session is active and stays so until the commit, and the
-- access token issued with it does not outlive the session. Refused, not capped: a signed token cannot be
-- shortened afterwards (access_token_deadline tells the longest that may be signed).
-- Raises MC410 for a session that is not active, MC422 for an access token that would outlive it.
create or replace function meander.guard_token_insert()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_end timestamptz;
begin
  perform from meander.sessions s where s.id = new.session_id for share;
  select d.effective_expires_at into v_end
  from meander.session_details d
  where d.id = new.session_id
    and meander.session_state(d.revoked_at, d.effective_expires_at, clock_timestamp()) = 'active';
  if v_end is null then
    raise exception using errcode = 'MC410', message = 'the session is not active';
  elsif new.access_expires_at > v_end then
    raise exception using errcode = 'MC422', message = 'the access token would outlive its session';
  elsif new.revoked_at is not null or new.rotated_at is not null then
    raise exception using errcode = 'MC400', message = 'a refresh token starts live';
  end if;
  return new;
end
$$;
alter function meander.guard_token_insert owner to meander_guard;
create or replace trigger refresh_tokens_guard_insert before insert on meander.refresh_tokens
for each row execute function meander.guard_token_insert();
