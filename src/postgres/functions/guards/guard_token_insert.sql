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
  v_session meander.sessions;
  v_policy meander.organization_settings;
  v_grant meander.support_access_grants;
  v_end timestamptz;
begin
  -- The lock first, what decides after it and anew; table by table, which is a good deal cheaper than session_details.
  select * into v_session from meander.sessions s where s.id = new.session_id for share;
  select * into v_policy from meander.organization_settings p where p.organization_id = v_session.organization_id;
  if v_session.support_access_grant_id is not null then
    select * into v_grant from meander.support_access_grants g where g.id = v_session.support_access_grant_id;
  end if;
  v_end := meander.session_effective_end(v_session.expires_at, v_session.created_at, v_session.last_activity_at,
    v_policy.absolute_lifetime, v_policy.idle_timeout, v_grant.expires_at, v_grant.revoked_at);
  if meander.session_state(v_session.revoked_at, v_end, clock_timestamp()) <> 'active' then
    raise exception using errcode = 'MC410', message = 'the session is not active';
  elsif new.access_expires_at > v_end then
    raise exception using errcode = 'MC422', message = 'the access token would outlive its session';
  elsif new.revoked_at is not null or new.rotated_at is not null then
    raise exception using errcode = 'MC400', message = 'a refresh token starts live';
  elsif new.parent_id is not null and not exists (
    select from meander.refresh_tokens t
    where t.id = new.parent_id and t.session_id = new.session_id and t.rotated_at is not null
  ) then
    raise exception using errcode = 'MC400', message = 'a refresh token follows a spent one of its session';
  end if;
  return new;
end
$$;
alter function meander.guard_token_insert owner to meander_guard;
create or replace trigger refresh_tokens_guard_insert before insert on meander.refresh_tokens
for each row execute function meander.guard_token_insert();
