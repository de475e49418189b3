-- Who may touch which rows, said in one place and applied anew whenever this file changes.
-- Row level security is enabled and forced on every table: without a line here a role sees nothing, the owner
-- included. meander_functions is bound by the policies of the operator behind session_user, so that a function
-- which forgot its own check still reaches nothing foreign. Each test is an uncorrelated sub-select: asked once
-- for a statement, not once for a row.

do $$
declare
  v_item record;
begin
  for v_item in select tablename, policyname from pg_catalog.pg_policies where schemaname = 'meander' loop
    execute pg_catalog.format('drop policy %I on meander.%I', v_item.policyname, v_item.tablename);
  end loop;
  for v_item in select tablename from pg_catalog.pg_tables where schemaname = 'meander' loop
    execute pg_catalog.format('alter table meander.%I enable row level security', v_item.tablename);
    execute pg_catalog.format('alter table meander.%I force row level security', v_item.tablename);
  end loop;
  -- From whoever holds something, on a table or on a column of it, for a reason that is not in this file.
  for v_item in
    select distinct c.relname, case a.grantee when 0 then 'public' else a.grantee::pg_catalog.regrole::text end as grantee
    from pg_catalog.pg_class c
    cross join lateral (
      select c.relacl as acl
      union all
      select t.attacl from pg_catalog.pg_attribute t where t.attrelid = c.oid and t.attacl is not null
    ) as privileges
    cross join lateral pg_catalog.aclexplode(privileges.acl) as a
    where c.relnamespace = 'meander'::pg_catalog.regnamespace and c.relkind = 'r' and a.grantee <> c.relowner
  loop
    execute pg_catalog.format('revoke all on meander.%I from %s', v_item.relname, v_item.grantee);
  end loop;
end
$$;

grant usage on schema meander to meander_functions, meander_guard, meander_system, meander_audit, meander_registrar,
  meander_signal, meander_operator, meander_auth, meander_publisher, meander_directory;

-- role: meander_owner (administrators) -----------------------------------------------------------------------
-- The books of the installation; no session data.
create policy owner_all on meander.migrations to meander_owner using (true);
create policy owner_all on meander.schema_files to meander_owner using (true);
create policy owner_all on meander.schema_objects to meander_owner using (true);
create policy owner_all on meander.installation to meander_owner using (true);

-- role: meander_functions (the operators' functions) ---------------------------------------------------------
grant select on meander.installation to meander_functions;
create policy functions_select on meander.installation for select to meander_functions using (true);

grant select on meander.organizations to meander_functions;
create policy functions_select on meander.organizations for select to meander_functions using (
  id = any ((select meander.auditable_organizations())::uuid[])
  or id = any ((select meander.granted_organizations())::uuid[]));

grant select, insert (organization_id), update (idle_timeout, absolute_lifetime, max_support_access, updated_at)
  on meander.organization_settings to meander_functions;
create policy functions_select on meander.organization_settings for select to meander_functions using (
  organization_id = any ((select meander.readable_organizations())::uuid[]));
create policy functions_insert on meander.organization_settings for insert to meander_functions with check (
  organization_id = any ((select meander.changeable_organizations())::uuid[]));
create policy functions_update on meander.organization_settings for update to meander_functions using (
  organization_id = any ((select meander.changeable_organizations())::uuid[]));

grant select, update (status, deactivated_at) on meander.users to meander_functions;
create policy functions_select on meander.users for select to meander_functions using (
  organization_id = any ((select meander.readable_organizations())::uuid[])
  or id = any ((select meander.visible_staff())::uuid[]));
create policy functions_select_staff on meander.users for select to meander_functions using (
  organization_id is null and (select meander.is_administrator()));
create policy functions_update on meander.users for update to meander_functions using (
  organization_id = any ((select meander.changeable_organizations())::uuid[]));

grant select, update (revoked_at, revoked_by, revoke_reason) on meander.support_access_grants to meander_functions;
create policy functions_select on meander.support_access_grants for select to meander_functions using (
  organization_id = any ((select meander.readable_organizations())::uuid[]));
create policy functions_update on meander.support_access_grants for update to meander_functions using (
  organization_id = any ((select meander.changeable_organizations())::uuid[]));
grant insert (organization_id, grantee_user_id, granted_by, reason, ticket, created_at, expires_at)
  on meander.support_access_grants to meander_functions;
create policy functions_insert on meander.support_access_grants for insert to meander_functions with check (
  organization_id = any ((select meander.grantable_organizations())::uuid[]));

grant select, update (revoked_at, revoked_by, revoke_reason) on meander.sessions to meander_functions;
create policy functions_select on meander.sessions for select to meander_functions using (
  organization_id = any ((select meander.readable_organizations())::uuid[]));
create policy functions_update on meander.sessions for update to meander_functions using (
  organization_id = any ((select meander.changeable_organizations())::uuid[]));

grant select (id, session_id, organization_id, parent_id, access_jti, access_expires_at, created_at, rotated_at, revoked_at),
  update (revoked_at) on meander.refresh_tokens to meander_functions;
create policy functions_select on meander.refresh_tokens for select to meander_functions using (
  organization_id = any ((select meander.readable_organizations())::uuid[]));
create policy functions_update on meander.refresh_tokens for update to meander_functions using (
  organization_id = any ((select meander.changeable_organizations())::uuid[]));

grant select, insert, update (published_at) on meander.token_blocklist to meander_functions;
create policy functions_select on meander.token_blocklist for select to meander_functions using (
  organization_id = any ((select meander.readable_organizations())::uuid[])
  or organization_id = any ((select meander.publishable_organizations())::uuid[])
  or session_id = any ((select meander.own_ended_sessions())::uuid[]));
create policy functions_insert on meander.token_blocklist for insert to meander_functions with check (
  organization_id = any ((select meander.changeable_organizations())::uuid[]));
create policy functions_update on meander.token_blocklist for update to meander_functions using (
  organization_id = any ((select meander.publishable_organizations())::uuid[])
  or session_id = any ((select meander.own_ended_sessions())::uuid[]));

grant select on meander.audit_log, meander.audit_heads to meander_functions;
create policy functions_select on meander.audit_heads for select to meander_functions using (
  organization_id = any ((select meander.auditable_organizations())::uuid[]));
create policy functions_select on meander.audit_log for select to meander_functions using (
  organization_id = any ((select meander.auditable_organizations())::uuid[]));

grant insert on meander.intents to meander_functions;
create policy functions_insert on meander.intents for insert to meander_functions with check (
  organization_id = any ((select meander.granted_organizations())::uuid[]));

grant select, insert (organization_id, id, act, targets, sha256, reason, ticket, author, author_user_id, expires_at),
  update (started_at, applied_by, finished_at, targets) on meander.plans to meander_functions;
create policy functions_select on meander.plans for select to meander_functions using (
  organization_id = any ((select meander.changeable_organizations())::uuid[]));
create policy functions_insert on meander.plans for insert to meander_functions with check (
  organization_id = any ((select meander.changeable_organizations())::uuid[]));
create policy functions_update on meander.plans for update to meander_functions using (
  organization_id = any ((select meander.changeable_organizations())::uuid[]));

grant select, insert on meander.requests to meander_functions;
create policy functions_own on meander.requests to meander_functions using (login = session_user) with check (login = session_user);

-- role: meander_guard (reach and guard triggers) -------------------------------------------------------------
-- Sees what decides; UPDATE on one column of what it locks is what FOR SHARE asks for.
grant select on meander.organizations, meander.organization_settings, meander.users, meander.support_access_grants,
  meander.sessions, meander.operators, meander.intents, meander.installation, meander.migrations to meander_guard;
grant select (id, session_id, rotated_at) on meander.refresh_tokens to meander_guard;
grant update (id) on meander.users, meander.support_access_grants, meander.sessions to meander_guard;
create policy guard_select on meander.organizations for select to meander_guard using (true);
create policy guard_select on meander.organization_settings for select to meander_guard using (true);
create policy guard_all on meander.users to meander_guard using (true);
create policy guard_all on meander.support_access_grants to meander_guard using (true);
create policy guard_all on meander.sessions to meander_guard using (true);
create policy guard_select on meander.refresh_tokens for select to meander_guard using (true);
create policy guard_select on meander.operators for select to meander_guard using (true);
create policy guard_select on meander.intents for select to meander_guard using (true);
create policy guard_select on meander.installation for select to meander_guard using (true);
create policy guard_select on meander.migrations for select to meander_guard using (true);

-- role: meander_system (logout, own sessions, staff, the administrator's sweep) -------------------------------
-- Acts on exactly the session or the person that its functions check; no operator's reach is involved.
grant select on meander.organizations, meander.organization_settings, meander.users, meander.support_access_grants,
  meander.installation, meander.audit_log, meander.audit_heads to meander_system;
grant update (redis_run_ids) on meander.installation to meander_system;
grant update (status, deactivated_at) on meander.users to meander_system;
grant update (revoked_at, revoked_by, revoke_reason) on meander.support_access_grants to meander_system;
grant select, update (revoked_at, revoked_by, revoke_reason) on meander.sessions to meander_system;
grant select (id, session_id, organization_id, parent_id, access_jti, access_expires_at, created_at, rotated_at, revoked_at),
  update (revoked_at) on meander.refresh_tokens to meander_system;
grant select, insert on meander.token_blocklist to meander_system;
-- Purging, and nothing else, deletes. The record is not among it.
grant delete on meander.sessions, meander.refresh_tokens, meander.token_blocklist to meander_system;
grant select (login, request_id, created_at), delete on meander.requests to meander_system;
grant select (id, created_at), delete on meander.intents to meander_system;
create policy system_all on meander.requests to meander_system using (true);
create policy system_all on meander.intents to meander_system using (true);
create policy system_select on meander.organizations for select to meander_system using (true);
create policy system_select on meander.organization_settings for select to meander_system using (true);
create policy system_all on meander.users to meander_system using (true);
create policy system_all on meander.support_access_grants to meander_system using (true);
create policy system_select on meander.audit_heads for select to meander_system using (true);
create policy system_select on meander.installation for select to meander_system using (true);
create policy system_update on meander.installation for update to meander_system using (true);
create policy system_select on meander.audit_log for select to meander_system using (true);
create policy system_all on meander.sessions to meander_system using (true);
create policy system_all on meander.refresh_tokens to meander_system using (true);
create policy system_all on meander.token_blocklist to meander_system using (true);

-- role: meander_audit (the one writer of the record) ---------------------------------------------------------
grant insert on meander.audit_log to meander_audit;
grant select, insert, update (seq, hash) on meander.audit_heads to meander_audit;
-- Whom an event names besides the login has to be of that organization.
grant select (id, organization_id) on meander.users to meander_audit;
create policy audit_select on meander.users for select to meander_audit using (true);
create policy audit_insert on meander.audit_log for insert to meander_audit with check (true);
create policy audit_all on meander.audit_heads to meander_audit using (true);

-- role: meander_registrar (operators …) ----------------------------------------------------------------------
grant select, insert, update (login_oid, disabled_at), delete on meander.operators to meander_registrar;
grant select, update (id) on meander.users to meander_registrar;
grant select on meander.organizations to meander_registrar;
create policy registrar_all on meander.operators to meander_registrar using (true);
create policy registrar_all on meander.users to meander_registrar using (true);
create policy registrar_select on meander.organizations for select to meander_registrar using (true);

-- role: meander_auth (the Authentication Module) -------------------------------------------------------------
grant select on meander.organizations, meander.organization_settings, meander.users, meander.support_access_grants,
  meander.sessions, meander.refresh_tokens, meander.token_blocklist to meander_auth;
grant insert (id, user_id, organization_id, kind, device_type, device_name, user_agent, ip, expires_at, support_access_grant_id),
  update (last_activity_at) on meander.sessions to meander_auth;
grant insert (id, session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at),
  update (rotated_at) on meander.refresh_tokens to meander_auth;
create policy auth_select on meander.organizations for select to meander_auth using (true);
create policy auth_select on meander.organization_settings for select to meander_auth using (true);
create policy auth_select on meander.users for select to meander_auth using (true);
create policy auth_select on meander.support_access_grants for select to meander_auth using (true);
create policy auth_select on meander.token_blocklist for select to meander_auth using (true);
create policy auth_select on meander.sessions for select to meander_auth using (true);
create policy auth_insert on meander.sessions for insert to meander_auth with check (true);
create policy auth_update on meander.sessions for update to meander_auth using (true);
create policy auth_select on meander.refresh_tokens for select to meander_auth using (true);
create policy auth_insert on meander.refresh_tokens for insert to meander_auth with check (true);
create policy auth_update on meander.refresh_tokens for update to meander_auth using (true);

-- role: meander_directory (the platform's directory of organizations and people) -----------------------------
grant select, insert (id, slug, name), update (slug, name) on meander.organizations to meander_directory;
grant select, insert (id, organization_id, email, display_name, role), update (email, display_name, role)
  on meander.users to meander_directory;
create policy directory_all on meander.organizations to meander_directory using (true);
create policy directory_all on meander.users to meander_directory using (true);
