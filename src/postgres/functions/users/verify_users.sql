-- What is still open to these users of the caller's reach (verify_facts), and the head of the record that this
-- rests on: {mode, users, auditHead: {organization, seq, hash}}; the head is null where the users are of several
-- organizations. Users out of reach are left out, unknown and foreign alike.
-- Raises MC400, MC401, MC403, MC412 on a standby, MC428.
create or replace function meander.verify_users(p_users uuid[])
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_organizations uuid[];
  v_scope uuid[];
  v_homes uuid[];
begin
  perform meander.check_targets(p_users);
  v_organizations := meander.authorize_read('verify_users', jsonb_build_object('users', to_jsonb(p_users)), null);
  select coalesce(array_agg(u.id order by asked.position), '{}'), array_agg(distinct u.organization_id)
  into v_scope, v_homes
  from unnest(p_users) with ordinality as asked (id, position)
  join meander.users u on u.id = asked.id
  where u.organization_id = any (v_organizations);
  return jsonb_build_object(
    'mode', (select i.blocklist_mode from meander.installation i),
    'users', meander.verify_facts(v_scope),
    'auditHead', (
      select jsonb_build_object('organization', o.slug, 'seq', h.seq, 'hash', encode(h.hash, 'hex'))
      from meander.audit_heads h
      join meander.organizations o on o.id = h.organization_id
      where cardinality(v_homes) = 1 and h.organization_id = v_homes[1]));
end
$$;
alter function meander.verify_users owner to meander_functions;
grant execute on function meander.verify_users to meander_operator;
