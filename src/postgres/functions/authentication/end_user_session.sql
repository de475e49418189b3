-- Ends one session of a person whom the API has authenticated, on the record with that person as the actor.
-- Returns {summary, items} as revoke_sessions.
-- Raises MC400, MC403 (not the Authentication Module), MC404 (unknown, or somebody else's, alike), MC412, MC500.
create or replace function meander.end_user_session(p_user uuid, p_session uuid)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
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
  return meander.revocation(array[p_session], array[p_session], null, 'user_request', null, null, p_user);
end
$$;
alter function meander.end_user_session owner to meander_system;
grant execute on function meander.end_user_session to meander_auth;
