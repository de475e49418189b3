-- The same for users of no tenant, by an administrator; the head is the platform's.
-- Raises MC400, MC403.
create or replace function meander.verify_staff(p_users uuid[])
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
begin
  perform meander.check_targets(p_users);
  if not meander.is_administrator() then
    raise exception using errcode = 'MC403', message = 'only an administrator of this database may do this';
  end if;
  return jsonb_build_object(
    'mode', (select i.blocklist_mode from meander.installation i),
    'users', (
      select meander.verify_facts(coalesce(array_agg(u.id order by asked.position), '{}'))
      from unnest(p_users) with ordinality as asked (id, position)
      join meander.users u on u.id = asked.id and u.organization_id is null),
    'auditHead', (
      select jsonb_build_object('organization', o.slug, 'seq', h.seq, 'hash', encode(h.hash, 'hex'))
      from meander.audit_heads h
      join meander.organizations o on o.id = h.organization_id
      where o.id = '00000000-0000-0000-0000-000000000000'));
end
$$;
alter function meander.verify_staff owner to meander_system;
grant execute on function meander.verify_staff to meander_owner;
