-- One support access grant within reach with the newest hundred sessions that were opened under it, the newest
-- hundred events of its record (its own, and what its holder said before each look and act), and the head of the
-- record that this rests on, as {grant, sessions, auditEvents, auditHead: {organization, seq, hash}}.
-- Raises MC400 (null), MC401, MC403, MC404 (unknown or foreign, alike), MC428.
create or replace function meander.get_grant(p_grant uuid)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_organizations uuid[];
  v_organization uuid;
begin
  if p_grant is null then
    raise exception using errcode = 'MC400', message = 'a grant id is required';
  end if;
  v_organizations := meander.authorize_read('get_grant', jsonb_build_object('grant', p_grant), null);
  select g.organization_id into v_organization
  from meander.support_access_grants g
  where g.id = p_grant and g.organization_id = any (v_organizations);
  if v_organization is null then
    raise exception using errcode = 'MC404', message = 'no such grant within your reach';
  end if;
  return jsonb_build_object(
    'grant', (select to_jsonb(r) from meander.grant_records(array[p_grant], clock_timestamp()) r),
    'sessions', (
      select coalesce(jsonb_agg(to_jsonb(s)), '[]')
      from meander.session_page(jsonb_build_object('grant', p_grant, 'state', 'any'), array[v_organization], null,
        'created', null, null, 100) as s),
    'auditEvents', (
      select coalesce(jsonb_agg(to_jsonb(e) order by e.seq desc), '[]')
      from (
        select o.slug as organization, a.organization_id, a.seq, a.at, a.actor, a.actor_user_id, a.action,
          a.target_type, a.target_id, a.reason, a.ticket, a.request_id, a.details,
          encode(a.prev_hash, 'hex') as prev_hash, encode(a.hash, 'hex') as hash
        from meander.audit_log a
        join meander.organizations o on o.id = a.organization_id
        where a.organization_id = v_organization
          and a.seq in (
            select own.seq from meander.audit_log own
            where own.organization_id = v_organization and own.target_id = p_grant::text
            union all
            select i.seq from meander.grant_intents(array[p_grant]) i)
        order by a.seq desc
        limit 100) as e),
    'auditHead', (
      select jsonb_build_object('organization', o.slug, 'seq', h.seq, 'hash', encode(h.hash, 'hex'))
      from meander.audit_heads h
      join meander.organizations o on o.id = h.organization_id
      where h.organization_id = v_organization));
end
$$;
alter function meander.get_grant owner to meander_functions;
grant execute on function meander.get_grant to meander_operator;
