-- Holds a session as it is until the commit, and says until when it is active; null for one that is not. Locked first,
-- and only then compared with the clock: the wait may have been long.
-- One query without the names that session_details adds, and without settings of its own: every login and every
-- refresh pays for it. Runs with its caller's rights.
create or replace function meander.hold_session(p_session uuid)
returns timestamptz
language plpgsql
as $$
declare
  v_revoked_at timestamptz;
  v_grant_id uuid;
  v_end timestamptz;
begin
  select s.revoked_at, s.support_access_grant_id, meander.session_effective_end(s.expires_at, s.created_at,
    s.last_activity_at, p.absolute_lifetime, p.idle_timeout, null, null)
  into v_revoked_at, v_grant_id, v_end
  from meander.sessions s
  left join meander.organization_settings p on p.organization_id = s.organization_id
  where s.id = p_session
  for share of s;
  if v_grant_id is not null then
    select meander.session_effective_end(v_end, null, null, null, null, g.expires_at, g.revoked_at) into v_end
    from meander.support_access_grants g where g.id = v_grant_id;
  end if;
  return case when meander.session_state(v_revoked_at, v_end, clock_timestamp()) = 'active' then v_end end;
end
$$;
alter function meander.hold_session owner to meander_guard;
