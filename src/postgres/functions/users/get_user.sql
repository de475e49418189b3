-- One user within reach with the newest hundred sessions, the support access grants held there, and the newest
-- hundred audit events about the person, as {user, sessions, grants, auditEvents}.
-- p_user: e-mail or id. Raises MC300, MC400 (null), MC401, MC403, MC404 (unknown or foreign, alike), MC428.
create or replace function meander.get_user(p_user text)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_organizations uuid[];
  v_user uuid;
begin
  if p_user is null then
    raise exception using errcode = 'MC400', message = 'a user is required';
  end if;
  v_organizations := meander.authorize_read('get_user', jsonb_build_object('user', p_user), null);
  v_user := meander.resolve_user(p_user, v_organizations);
  return jsonb_build_object(
    'user', (select to_jsonb(r) from meander.user_records(array[v_user], clock_timestamp()) r),
    'sessions', (
      select coalesce(jsonb_agg(to_jsonb(s)), '[]')
      from meander.session_page(jsonb_build_object('user', v_user, 'state', 'any'), v_organizations, null,
        'created', null, null, 100) as s),
    'grants', (
      select coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'organization', o.slug, 'createdAt', g.created_at,
        'expiresAt', g.expires_at, 'revokedAt', g.revoked_at, 'state', case
          when g.revoked_at is not null then 'revoked'
          when g.expires_at > clock_timestamp() then 'active'
          else 'expired' end) order by g.created_at desc, g.id), '[]')
      from meander.support_access_grants g
      join meander.organizations o on o.id = g.organization_id
      where g.grantee_user_id = v_user and g.organization_id = any (v_organizations)),
    'auditEvents', (
      select coalesce(jsonb_agg(to_jsonb(e) order by e.at desc, e.seq desc), '[]')
      from (
        select o.slug as organization, a.seq, a.at, a.actor, a.actor_user_id, a.action, a.target_type, a.target_id,
          a.reason, a.ticket, a.request_id, a.details, encode(a.prev_hash, 'hex') as prev_hash,
          encode(a.hash, 'hex') as hash
        from meander.audit_log a
        join meander.organizations o on o.id = a.organization_id
        where a.organization_id = any (v_organizations)
          and a.target_id in (
            select v_user::text
            union all
            select s.id::text from meander.sessions s
            where s.user_id = v_user and s.organization_id = any (v_organizations))
        order by a.at desc, a.seq desc
        limit 100) as e)
  );
end
$$;
alter function meander.get_user owner to meander_functions;
grant execute on function meander.get_user to meander_operator;
