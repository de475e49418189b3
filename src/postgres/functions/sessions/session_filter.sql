-- What a selector says, read once: the values that session_condition() compares with. Runs with its caller's rights.
-- p_selector: any of organization, ids, user, kind, device, userAgent, ip, grant, state, idleFor, activeWithin,
--   createdBefore, createdAfter. p_organizations, p_own: where to look, or whose sessions alone.
-- Raises MC300, MC400, MC404.
create or replace function meander.session_filter(
  p_selector jsonb,
  p_organizations uuid[],
  p_own uuid,
  out p_at timestamptz,
  out p_state text,
  out p_user uuid,
  out p_ids uuid[],
  out p_kind text,
  out p_device text,
  out p_user_agent text,
  out p_network inet,
  out p_grant uuid,
  out p_idle_before timestamptz,
  out p_active_since timestamptz,
  out p_created_before timestamptz,
  out p_created_after timestamptz
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform meander.check_selector(p_selector, array['organization', 'ids', 'user', 'kind', 'device', 'userAgent', 'ip',
    'grant', 'state', 'idleFor', 'activeWithin', 'createdBefore', 'createdAfter']);
  p_at := clock_timestamp();
  p_state := coalesce(p_selector ->> 'state', 'active');
  p_kind := p_selector ->> 'kind';
  if p_state not in ('active', 'expired', 'revoked', 'any') or p_kind not in ('mobile', 'portal') then
    raise exception using errcode = 'MC400', message = 'state or kind has an unknown value';
  end if;
  p_user := p_own;
  p_device := lower((p_selector ->> 'device') collate "C");
  p_user_agent := lower((p_selector ->> 'userAgent') collate "C");
  p_idle_before := meander.moment(p_selector ->> 'idleFor');
  p_active_since := meander.moment(p_selector ->> 'activeWithin');
  p_created_before := meander.moment(p_selector ->> 'createdBefore');
  p_created_after := meander.moment(p_selector ->> 'createdAfter');
  begin
    p_grant := (p_selector ->> 'grant')::uuid;
    p_network := meander.plain_address((p_selector ->> 'ip')::inet);
    if p_selector ? 'ids' then
      select coalesce(array_agg(i::uuid), '{}') into p_ids from jsonb_array_elements_text(p_selector -> 'ids') as i;
    end if;
  exception when invalid_text_representation or invalid_parameter_value then
    raise exception using errcode = 'MC400', message = 'an id or address is malformed';
  end;
  if p_grant is not null and not exists (
    select from meander.support_access_grants g
    where g.id = p_grant and (g.organization_id = any (p_organizations) or g.grantee_user_id = p_own)
  ) then
    raise exception using errcode = 'MC404', message = 'no such grant within your reach';
  end if;
  if p_selector ? 'user' then
    p_user := meander.resolve_user(p_selector ->> 'user', p_organizations);
  end if;
end
$$;
alter function meander.session_filter owner to meander_functions;
grant execute on function meander.session_filter to meander_system;
