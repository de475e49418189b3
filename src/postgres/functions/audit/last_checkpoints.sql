-- The last checkpoint that was taken of each organization's record, and how far the record has come since; nulls
-- where there was none. For an administrator of every organization, for an operator of those within reach.
-- Raises MC401, MC403, MC428.
create or replace function meander.last_checkpoints()
returns table (organization text, organization_id uuid, seq bigint, at timestamptz, key_id text, head_seq bigint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_organizations uuid[];
begin
  v_organizations := meander.authorize_audit('last_checkpoints', '{}', null);
  return query
  select o.slug, o.id, last.seq, last.at, last.details ->> 'keyId', h.seq
  from unnest(v_organizations) as scope (id)
  join meander.organizations o on o.id = scope.id
  join meander.audit_heads h on h.organization_id = o.id
  left join lateral (
    select a.seq, a.at, a.details
    from meander.audit_log a
    where a.organization_id = o.id and a.action = 'audit.checkpointed'
    order by a.seq desc
    limit 1
  ) as last on true
  order by o.slug;
end
$$;
alter function meander.last_checkpoints owner to meander_functions;
grant execute on function meander.last_checkpoints to meander_operator, meander_owner;
