-- Registered logins with their users; all, or one. Runs with its caller's rights.
-- state: enabled, disabled, unbound (the login was dropped, or made again since), deactivated (its user is),
-- without rights (its user's role carries none).
create or replace function meander.describe_operators(p_login text)
returns table (
  login text, state text, role text, user_id uuid, user_email text, organization_id uuid, organization text,
  created_at timestamptz, disabled_at timestamptz
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select
    o.login,
    case
      when o.disabled_at is not null then 'disabled'
      when not exists (select from pg_roles r where r.oid = o.login_oid and r.rolname = o.login) then 'unbound'
      when u.status <> 'active' then 'deactivated'
      when o.role is null and u.role not in ('org_admin', 'global_admin') then 'without rights'
      else 'enabled'
    end,
    coalesce(o.role, u.role), u.id, u.email, u.organization_id, g.slug, o.created_at, o.disabled_at
  from meander.operators o
  join meander.users u on u.id = o.user_id
  left join meander.organizations g on g.id = u.organization_id
  where p_login is null or o.login = p_login
  order by o.login
$$;
alter function meander.describe_operators owner to meander_registrar;
