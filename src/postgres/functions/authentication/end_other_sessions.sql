-- Ends every session of a person whom the API has authenticated but the one that asks, on the record with that
-- person as the actor. p_session: the one that stays; it has to be that person's, or nothing ends.
-- Returns {summary, items} as revoke_sessions.
-- Raises MC400, MC403 (not the Authentication Module), MC404 (unknown, or somebody else's, alike), MC412, MC500.
create or replace function meander.end_other_sessions(p_user uuid, p_session uuid)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_others uuid[];
begin
  if not pg_has_role(session_user, 'meander_auth', 'member') then
    raise exception using errcode = 'MC403', message = 'only the Authentication Module may do this';
  elsif p_user is null or p_session is null then
    raise exception using errcode = 'MC400', message = 'a user and a session are required';
  elsif current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'MC412', message = 'changes run at isolation level read committed only';
  elsif not exists (select from meander.sessions s where s.id = p_session and s.user_id = p_user) then
    raise exception using errcode = 'MC404', message = 'no such session';
  end if;
  -- A login that is on its way has committed before this lock is given, and is seen below.
  perform from meander.users u where u.id = p_user for no key update;
  select coalesce(array_agg(s.id order by s.id), '{}') into v_others
  from meander.sessions s
  where s.user_id = p_user and s.id <> p_session and s.revoked_at is null;
  return meander.revocation(v_others, v_others, null, 'user_request', null, null, p_user);
end
$$;
alter function meander.end_other_sessions owner to meander_system;
grant execute on function meander.end_other_sessions to meander_auth;
