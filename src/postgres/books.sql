-- The schema and the books that migrating keeps: what was applied, and how the schema looked when it was done.
do $$
begin
  create schema if not exists meander authorization meander_owner;
exception when unique_violation then
  -- Two first migrations at once: this one waited here until the other had committed, and it is there now.
  null;
end
$$;
grant create on schema meander to meander_functions, meander_guard, meander_system, meander_audit, meander_registrar,
  meander_signal;

set local role meander_owner;
create table if not exists meander.migrations (
  version integer not null,
  name text not null,
  sha256 text not null,
  applied_at timestamptz not null default clock_timestamp(),
  applied_by text not null default session_user,
  tool_version text not null,
  constraint migrations_pkey primary key (version)
);
comment on table meander.migrations is 'Migrations that were applied, once each.';
create table if not exists meander.schema_files (
  path text not null,
  sha256 text not null,
  applied_at timestamptz not null default clock_timestamp(),
  constraint schema_files_pkey primary key (path)
);
comment on table meander.schema_files is 'Files that are applied anew whenever they change: functions and access.';
create table if not exists meander.schema_objects (
  kind text not null,
  name text not null,
  fingerprint text not null,
  constraint schema_objects_pkey primary key (kind, name)
);
comment on table meander.schema_objects is 'Each object of the schema as the last migration left it, so that a change by hand shows.';
-- Two migrations at once: the second waits here. A table lock, since only the owner can take it; an advisory
-- lock could be held by any login.
lock table meander.migrations in share row exclusive mode;
reset role;
