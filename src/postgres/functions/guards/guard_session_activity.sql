-- Activity keeps an active session alive and revives no other; it moves forward and never ahead of the clock.
-- Raises MC410 for a session that is not active.
create or replace function meander.guard_session_activity()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if (select meander.session_state(d.revoked_at, d.effective_expires_at, clock_timestamp())
      from meander.session_details d where d.id = new.id) is distinct from 'active' then
    raise exception using errcode = 'MC410', message = 'the session is not active';
  end if;
  new.last_activity_at := greatest(old.last_activity_at, least(new.last_activity_at, clock_timestamp()));
  return new;
end
$$;
alter function meander.guard_session_activity owner to meander_guard;
create or replace trigger sessions_guard_activity before update of last_activity_at on meander.sessions
for each row when (new.last_activity_at is distinct from old.last_activity_at)
execute function meander.guard_session_activity();
