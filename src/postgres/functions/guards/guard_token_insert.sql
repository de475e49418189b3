-- A new refresh token, at login or rotation: its session is active and stays so until the commit, and the
-- access token issued with it does not outlive the session. Refused, not capped: a signed token cannot be
-- shortened afterwards (access_token_deadline tells the longest that may be signed). It follows a token of the same
-- session that is spent already, so that one token of a session refreshes, and no more.
-- Raises MC410 for a session that is not active, MC422 for an access token that would outlive it, MC400 for a token
-- that follows none of this session, or one that still refreshes.
create or replace function meander.guard_token_insert()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_end timestamptz := meander.hold_session(new.session_id);
begin
  if v_end is null then
    raise exception using errcode = 'MC410', message = 'the session is not active';
  elsif new.access_expires_at > v_end then
    raise exception using errcode = 'MC422', message = 'the access token would outlive its session';
  elsif new.revoked_at is not null or new.rotated_at is not null then
    raise exception using errcode = 'MC400', message = 'a refresh token starts live';
  end if;
  -- Asked apart: as a part of one condition the subquery would be started for a first token too.
  if new.parent_id is not null then
    perform from meander.refresh_tokens t
    where t.id = new.parent_id and t.session_id = new.session_id and t.rotated_at is not null;
    if not found then
      raise exception using errcode = 'MC400', message = 'a refresh token follows a spent one of its session';
    end if;
  end if;
  return new;
end
$$;
alter function meander.guard_token_insert owner to meander_guard;
create or replace trigger refresh_tokens_guard_insert before insert on meander.refresh_tokens
for each row execute function meander.guard_token_insert();
