-- A new session, whoever inserts it: its user is active and stays so until the commit, it is in the user's
-- organization or under a live grant, and it ends no later than policy and grant allow.
-- Raises MC410 for a deactivated user or a grant that has ended, MC400 for a session that belongs nowhere.
create or replace function meander.guard_session_insert()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_status text;
  v_home_id uuid;
  v_lifetime interval;
  v_grant meander.support_access_grants;
begin
  select u.status, coalesce(u.organization_id, '00000000-0000-0000-0000-000000000000'::uuid), p.absolute_lifetime
  into v_status, v_home_id, v_lifetime
  from meander.users u
  left join meander.organization_settings p on p.organization_id = new.organization_id
  where u.id = new.user_id
  for share of u;
  if v_status is distinct from 'active' then
    raise exception using errcode = 'MC410', message = 'the user is deactivated';
  end if;

  if new.support_access_grant_id is not null then
    select * into v_grant from meander.support_access_grants g where g.id = new.support_access_grant_id for share;
    if v_grant.revoked_at is not null or v_grant.expires_at <= clock_timestamp() then
      raise exception using errcode = 'MC410', message = 'the support access grant has ended';
    end if;
  elsif new.organization_id is distinct from v_home_id then
    raise exception using errcode = 'MC400', message = 'a session is in the organization of its user, or under a grant';
  end if;
  if new.revoked_at is not null then
    raise exception using errcode = 'MC400', message = 'a session starts unrevoked';
  end if;

  if family(new.ip) = 6 then
    new.ip := meander.plain_address(new.ip);
  end if;
  new.expires_at := least(new.expires_at, new.created_at + v_lifetime, v_grant.expires_at);
  return new;
end
$$;
alter function meander.guard_session_insert owner to meander_guard;
create or replace trigger sessions_guard_insert before insert on meander.sessions
for each row execute function meander.guard_session_insert();
