-- The last position of each chain that this login may read: what a checker of the record begins with.
-- p_organization: slug or id that narrows the call to one organization, or null.
-- at is the database's clock. An organization whose head is gone is listed all the same, with nulls.
-- Raises MC401, MC403, MC404, MC428.
create or replace function meander.list_audit_heads(p_organization text)
returns table (
  organization text,
  organization_id uuid,
  seq bigint,
  hash text,
  at timestamptz
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_organizations uuid[];
begin
  v_organizations := meander.authorize_audit('list_audit_heads',
    jsonb_strip_nulls(jsonb_build_object('organization', p_organization)), p_organization);

  return query
  select o.slug, o.id, h.seq, encode(h.hash, 'hex'), clock_timestamp()
  from meander.organizations o
  left join meander.audit_heads h on h.organization_id = o.id
  where o.id = any (v_organizations)
  order by o.slug;
end
$$;
alter function meander.list_audit_heads owner to meander_functions;
grant execute on function meander.list_audit_heads to meander_operator, meander_owner;
