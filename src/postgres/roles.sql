-- The group roles, all NOLOGIN. Roles belong to the cluster, so what exists is left as it is; run at the
-- start of every migration, inside its transaction.
--
-- role               owns / may                                                      who is a member
-- meander_owner      schema and tables; EXECUTE on the administrator's functions     administrators
-- meander_functions  the operators' functions; bound by the policies of its operator nobody, ever
-- meander_guard      reach and guard triggers: sees all, changes nothing             nobody, ever
-- meander_system     acts without an operator: logout, own sessions                  nobody, ever
-- meander_audit      the one role that can write the record, and only append         nobody, ever
-- meander_registrar  holds ADMIN on meander_operator; owns `operators …`             nobody, ever
-- meander_signal     ends connections and tells who holds a lock: member of           nobody, ever
--                    pg_signal_backend and pg_read_all_stats
-- meander_operator   EXECUTE on the operators' functions, no table privilege         operators' logins
-- meander_auth       the Authentication Module                                       its login
-- meander_publisher  claims blocklist rows for Redis                                 its login
-- meander_directory  writes organizations and users, deactivates nobody              the directory's login
do $$
declare
  v_role text;
  v_options text := '';
begin
  foreach v_role in array array[
    'meander_owner', 'meander_functions', 'meander_guard', 'meander_system', 'meander_audit',
    'meander_registrar', 'meander_signal',
    'meander_operator', 'meander_auth', 'meander_publisher', 'meander_directory'
  ] loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      begin
        execute pg_catalog.format('create role %I nologin', v_role);
      exception when duplicate_object or unique_violation then
        -- Another database of this cluster, or this one, was installed at the same time.
        null;
      end;
    end if;
  end loop;

  -- An administrator with CREATEROLE becomes a member of the owning roles for this transaction and keeps
  -- only meander_owner (end_roles.sql); a superuser needs none of it.
  if not (select rolsuper from pg_catalog.pg_roles where rolname = session_user) then
    if pg_catalog.current_setting('server_version_num')::integer >= 160000 then
      v_options := ' with inherit true, set true';
    end if;
    foreach v_role in array array[
      'meander_owner', 'meander_functions', 'meander_guard', 'meander_system', 'meander_audit',
      'meander_registrar', 'meander_signal'
    ] loop
      execute pg_catalog.format('grant %I to %I%s', v_role, session_user, v_options);
    end loop;
  end if;

  if not pg_catalog.pg_has_role('meander_registrar', 'meander_operator', 'member with admin option') then
    execute 'grant meander_operator to meander_registrar with admin option';
  end if;
end
$$;
