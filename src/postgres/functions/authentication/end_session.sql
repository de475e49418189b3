-- The Authentication Module ends one session, whole and on the record: at logout, or when a spent refresh token
-- comes back. Publishing the blocked tokens is the caller's next step (claim_blocklist), or the publisher's.
-- p_cause: logout or token_reuse. Returns {summary, items} as revoke_sessions.
-- Raises MC400, MC403 (not the Authentication Module), MC404, MC500.
create or replace function meander.end_session(p_session uuid, p_cause text)
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
  elsif p_session is null or p_cause is null or p_cause not in ('logout', 'token_reuse') then
    raise exception using errcode = 'MC400', message = 'a session and a cause, logout or token_reuse, are required';
  elsif current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'MC412', message = 'changes run at isolation level read committed only';
  elsif not exists (select from meander.sessions s where s.id = p_session) then
    raise exception using errcode = 'MC404', message = 'no such session';
  end if;
  return meander.revocation(array[p_session], array[p_session], null, p_cause, null, null);
end
$$;
alter function meander.end_session owner to meander_system;
grant execute on function meander.end_session to meander_auth;
