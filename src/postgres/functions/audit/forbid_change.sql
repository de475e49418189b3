-- The record is append-only for every client, the owner included.
create or replace function meander.forbid_change()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'MC403', message = 'the audit log is append-only';
end
$$;
alter function meander.forbid_change owner to meander_audit;
create or replace trigger audit_log_append_only before update or delete on meander.audit_log
for each row execute function meander.forbid_change();
create or replace trigger audit_log_no_truncate before truncate on meander.audit_log
for each statement execute function meander.forbid_change();
