-- The active sessions of a person whom the API has authenticated, latest activity first: the app's Manage sessions.
-- Raises MC403 (not the Authentication Module), MC404 (no such user).
create or replace function meander.list_user_sessions(p_user uuid)
returns setof meander.session_record
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
begin
  if not pg_has_role(session_user, 'meander_auth', 'member') then
    raise exception using errcode = 'MC403', message = 'only the Authentication Module may do this';
  elsif not exists (select from meander.users u where u.id = p_user) then
    raise exception using errcode = 'MC404', message = 'no such user';
  end if;
  return query
  select * from meander.session_page(
    '{}', meander.session_organizations(p_user), p_user, 'last-activity', null, null, 1000);
end
$$;
alter function meander.list_user_sessions owner to meander_system;
grant execute on function meander.list_user_sessions to meander_auth;
