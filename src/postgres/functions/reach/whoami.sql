-- Who this login is and what it reaches, and why. No operator but an administrator, publisher or
-- Authentication Module is told so by kind.
-- Raises MC401 for a login that is none of these.
create or replace function meander.whoami()
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_operator meander.operator_identity := meander.current_operator();
  v_kind text;
begin
  v_kind := case
    when v_operator.login is not null then 'operator'
    when meander.is_administrator() then 'administrator'
    when pg_has_role(session_user, 'meander_publisher', 'member') then 'publisher'
    when pg_has_role(session_user, 'meander_auth', 'member') then 'authentication'
  end;
  if v_kind is null then
    raise exception using errcode = 'MC401', message = 'this login is no enabled operator of an active user';
  end if;
  return jsonb_build_object(
    'login', session_user,
    'kind', v_kind,
    'role', v_operator.role,
    'user', (
      select jsonb_build_object('id', u.id, 'email', u.email, 'name', u.display_name)
      from meander.users u where u.id = v_operator.user_id),
    'organizations', case when v_operator.role = 'none' then '[]' else coalesce((
      select jsonb_agg(jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name,
          'through', case when g.id is null then 'own' else 'grant' end,
          'grantId', g.id, 'until', g.expires_at) order by o.slug, g.expires_at)
      from meander.organizations o
      left join meander.support_access_grants g on g.organization_id = o.id
        and v_operator.organization_id is null
        and g.grantee_user_id = v_operator.user_id
        and g.revoked_at is null
        and g.expires_at > clock_timestamp()
      where o.id = v_operator.organization_id or g.id is not null), '[]') end,
    'blocklistMode', (select blocklist_mode from meander.installation),
    'schemaVersion', (select max(version) from meander.migrations)
  );
end
$$;
alter function meander.whoami owner to meander_guard;
grant execute on function meander.whoami to meander_operator, meander_owner, meander_publisher, meander_auth;
