-- Registers a login for a platform user, or binds a registered one anew after its login was made again.
-- p_user: id or e-mail; p_role: auditor, or null for the rights of the user's own role.
-- Returns {outcome: added | rebound | alreadyAdded, operator}.
-- Raises MC300 (e-mail in several organizations), MC400, MC403 (not an administrator; a login with powers that
-- no policy could hold back; a user without an operator's role), MC404 (login or user unknown),
-- MC409 (registered for somebody else, or under a former name).
create or replace function meander.add_operator(p_login text, p_user text, p_role text)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_login pg_roles;
  v_excess text;
  v_found jsonb;
  v_user meander.users;
  v_known meander.operators;
  v_outcome text;
begin
  perform meander.require_administrator();
  if p_login is null or p_user is null or p_role <> 'auditor' then
    raise exception using errcode = 'MC400', message = 'a login and a user are required; the only role that can be given is auditor';
  end if;

  select r.* into v_login from pg_roles r where r.rolname = p_login and r.rolcanlogin;
  if not found then
    raise exception using errcode = 'MC404', message = 'no such PostgreSQL login',
      hint = 'Make it first: create role … login password …';
  end if;
  -- The login's own powers, and those of every role that it could become.
  select case
    when r.rolsuper then 'SUPERUSER'
    when r.rolbypassrls then 'BYPASSRLS'
    when r.rolcreaterole then 'CREATEROLE'
    when r.rolreplication then 'REPLICATION'
    else r.rolname
  end into v_excess
  from pg_roles r
  where pg_has_role(v_login.oid, r.oid, 'member')
    and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolreplication
      or (r.oid <> v_login.oid and r.rolname <> 'meander_operator'
        and (starts_with(r.rolname, 'meander_') or starts_with(r.rolname, 'pg_'))))
  order by r.oid <> v_login.oid, r.rolname
  limit 1;
  if v_excess is not null then
    raise exception using errcode = 'MC403', message = format('this login holds %s, which no policy could hold back', v_excess),
      hint = 'Register a login that has no powers of its own.';
  end if;

  select jsonb_agg(jsonb_build_object('id', u.id, 'email', u.email, 'organization', coalesce(o.slug, 'platform')))
  into v_found
  from meander.users u left join meander.organizations o on o.id = u.organization_id
  where u.email = lower(p_user collate "C") or u.id::text = lower(p_user collate "C");
  if v_found is null then
    raise exception using errcode = 'MC404', message = 'no such user';
  elsif jsonb_array_length(v_found) > 1 then
    raise exception using errcode = 'MC300', message = 'several users have this e-mail address',
      detail = v_found::text, hint = 'Name one of them by id.';
  end if;
  select * into v_user from meander.users u where u.id = (v_found -> 0 ->> 'id')::uuid for share;
  if v_user.status <> 'active' or (p_role is null and v_user.role not in ('org_admin', 'global_admin')) then
    raise exception using errcode = 'MC403', message = 'an operator''s user is active and an org_admin or global_admin, or the operator an auditor';
  end if;

  select * into v_known from meander.operators o where o.login = p_login for update;
  if found and (v_known.user_id, v_known.role) is distinct from (v_user.id, p_role) then
    raise exception using errcode = 'MC409', message = 'this login is registered for another user or role',
      hint = 'Remove it first: meanderctl operators remove';
  end if;
  if exists (select from meander.operators o where o.login_oid = v_login.oid and o.login <> p_login) then
    raise exception using errcode = 'MC409', message = 'this login is registered under the name that it had before',
      hint = 'Remove that first: meanderctl operators remove';
  end if;
  v_outcome := case
    when v_known.login is null then 'added'
    when v_known.login_oid <> v_login.oid then 'rebound'
    else 'alreadyAdded'
  end;
  insert into meander.operators (login, login_oid, user_id, role)
  values (p_login, v_login.oid, v_user.id, p_role)
  on conflict (login) do update set login_oid = excluded.login_oid;
  execute format('grant meander_operator to %I', p_login);
  if not pg_has_role(v_login.oid, 'meander_operator', 'member') then
    raise exception using errcode = 'MC500', message = 'the login did not become a member of meander_operator';
  end if;
  if v_outcome <> 'alreadyAdded' then
    perform meander.record_operator(
      case v_outcome when 'added' then 'operator.added' else 'operator.rebound' end, p_login, v_user.id, null, null,
      jsonb_build_object('role', coalesce(p_role, v_user.role), 'loginOid', v_login.oid, 'priorLoginOid', v_known.login_oid));
  end if;
  return jsonb_build_object('outcome', v_outcome,
    'operator', (select to_jsonb(d) from meander.describe_operators(p_login) d));
end
$$;
alter function meander.add_operator owner to meander_registrar;
grant execute on function meander.add_operator to meander_owner;
