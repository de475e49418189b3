-- The end of every migration: gives back the memberships that roles.sql took for its duration, and the
-- right to create in the schema, which ALTER … OWNER TO asks of the new owner.
do $$
declare
  v_role text;
begin
  foreach v_role in array array[
    'meander_functions', 'meander_guard', 'meander_system', 'meander_audit', 'meander_registrar', 'meander_signal'
  ] loop
    execute pg_catalog.format('revoke create on schema meander from %I', v_role);
    if not (select rolsuper from pg_catalog.pg_roles where rolname = session_user) then
      execute pg_catalog.format('revoke %I from %I', v_role, session_user);
    end if;
  end loop;
end
$$;
