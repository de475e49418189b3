-- Puts on the platform's record what a migration changed: schema, functions, and whether the platform reads Redis.
-- p_prior_version, p_prior_mode: as they were before, null at the first migration; p_files: how many were applied.
-- Raises MC403 for anybody but an administrator.
create or replace function meander.record_migration(
  p_prior_version integer,
  p_version integer,
  p_prior_mode text,
  p_files integer,
  p_tool_version text
)
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
begin
  if not meander.is_administrator() then
    raise exception using errcode = 'MC403', message = 'only an administrator of this database may do this';
  end if;
  perform meander.append_audit_events(array[
    row('00000000-0000-0000-0000-000000000000'::uuid, 'database.migrated', 'database', i.database_id::text, null, null,
      null, jsonb_build_object('priorVersion', p_prior_version, 'version', p_version,
        'priorBlocklistMode', p_prior_mode, 'blocklistMode', i.blocklist_mode, 'files', p_files,
        'toolVersion', p_tool_version))::meander.audit_event])
  from meander.installation i;
end
$$;
alter function meander.record_migration owner to meander_system;
grant execute on function meander.record_migration to meander_owner;
