-- Puts on the record of each organization that a checkpoint of it is taken, and returns the heads that this made,
-- for signing: the last event of each chain then says itself when, by whom and with which key.
-- p_organization: slug or id that narrows it to one organization, or null: every one for an administrator.
-- p_key_id: the id of the public key, as SHA256:….
-- Returns {database: {id, systemIdentifier}, at, heads: [{organizationId, organization, seq, hash}]}; heads is empty for
-- a global admin without a live grant.
-- Raises MC400, MC401, MC403, MC404, MC412, MC428.
create or replace function meander.checkpoint_audit(
  p_organization text,
  p_key_id text,
  p_reason text,
  p_ticket text
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_organizations uuid[];
begin
  perform meander.check_reason(p_reason, p_ticket);
  if p_key_id is null or p_key_id collate "C" !~ '^SHA256:[A-Za-z0-9+/]{43}$' then
    raise exception using errcode = 'MC400', message = 'a checkpoint names the key that signs it';
  elsif current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'MC412', message = 'changes run at isolation level read committed only';
  end if;
  v_organizations := meander.authorize_audit('checkpoint_audit',
    jsonb_strip_nulls(jsonb_build_object('organization', p_organization)), p_organization);

  perform meander.append_audit_events(array_agg(
    row(id, 'audit.checkpointed', 'organization', id::text, p_reason, p_ticket, null,
      jsonb_build_object('keyId', p_key_id))::meander.audit_event order by id))
  from unnest(v_organizations) as id
  having count(*) > 0;

  -- The heads are held until the commit: what they say is what is committed.
  return jsonb_build_object(
    'database', meander.database_identity(),
    'at', clock_timestamp(),
    'heads', (
      select coalesce(jsonb_agg(jsonb_build_object('organizationId', o.id, 'organization', o.slug, 'seq', h.seq,
        'hash', encode(h.hash, 'hex')) order by o.slug), '[]')
      from meander.audit_heads h
      join meander.organizations o on o.id = h.organization_id
      where h.organization_id = any (v_organizations)));
end
$$;
alter function meander.checkpoint_audit owner to meander_functions;
grant execute on function meander.checkpoint_audit to meander_operator, meander_owner;
