-- Every organization has a head from its first moment.
create or replace function meander.start_chain()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into meander.audit_heads (organization_id) values (new.id);
  return null;
end
$$;
alter function meander.start_chain owner to meander_audit;
create or replace trigger organizations_start_chain after insert on meander.organizations
for each row execute function meander.start_chain();
