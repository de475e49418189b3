-- One page of the sessions that a selector names, within the given organizations or of one person: what
-- list_sessions and list_own_sessions share. Runs with its caller's rights.
-- p_selector: any of organization, ids, user, kind, device, userAgent, ip, grant, state, idleFor, activeWithin,
--   createdBefore, createdAfter.
-- p_sort: last-activity or created, newest first; ties by id.
-- p_after_at (microseconds), p_after_id: the last row of the page before, or null.
-- One short index walk per organization, merged: a single query over several reads them whole.
-- Raises MC300, MC400, MC404.
create or replace function meander.session_page(
  p_selector jsonb,
  p_organizations uuid[],
  p_own uuid,
  p_sort text,
  p_after_at bigint,
  p_after_id uuid,
  p_limit integer
)
returns setof meander.session_record
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_at timestamptz := clock_timestamp();
  v_state text := coalesce(p_selector ->> 'state', 'active');
  v_kind text := p_selector ->> 'kind';
  v_device text := lower((p_selector ->> 'device') collate "C");
  v_user_agent text := lower((p_selector ->> 'userAgent') collate "C");
  v_user uuid := p_own;
  v_ids uuid[];
  v_grant uuid;
  v_network inet;
  v_idle_before timestamptz := meander.moment(p_selector ->> 'idleFor');
  v_active_since timestamptz := meander.moment(p_selector ->> 'activeWithin');
  v_created_before timestamptz := meander.moment(p_selector ->> 'createdBefore');
  v_created_after timestamptz := meander.moment(p_selector ->> 'createdAfter');
  v_after timestamptz := timestamptz 'epoch' + p_after_at * interval '1 microsecond';
begin
  perform meander.check_selector(p_selector, array['organization', 'ids', 'user', 'kind', 'device', 'userAgent', 'ip',
    'grant', 'state', 'idleFor', 'activeWithin', 'createdBefore', 'createdAfter']);
  perform meander.check_limit(p_limit);
  if v_state not in ('active', 'expired', 'revoked', 'any') or v_kind not in ('mobile', 'portal')
    or p_sort is null or p_sort not in ('last-activity', 'created') then
    raise exception using errcode = 'MC400', message = 'state, kind or sort has an unknown value';
  end if;
  begin
    v_grant := (p_selector ->> 'grant')::uuid;
    v_network := meander.plain_address((p_selector ->> 'ip')::inet);
    if p_selector ? 'ids' then
      select coalesce(array_agg(i::uuid), '{}') into v_ids from jsonb_array_elements_text(p_selector -> 'ids') as i;
    end if;
  exception when invalid_text_representation or invalid_parameter_value then
    raise exception using errcode = 'MC400', message = 'an id or address is malformed';
  end;
  if v_grant is not null and not exists (
    select from meander.support_access_grants g
    where g.id = v_grant and (g.organization_id = any (p_organizations) or g.grantee_user_id = p_own)
  ) then
    raise exception using errcode = 'MC404', message = 'no such grant within your reach';
  end if;
  if p_selector ? 'user' then
    v_user := meander.resolve_user(p_selector ->> 'user', p_organizations);
  end if;

  return query execute format($query$
    select page.*
    from unnest($1) as scope (id)
    cross join lateral (
      select s.id, s.user_id, s.user_email, s.user_name, s.organization_id, s.organization, s.kind, s.device_type,
        s.device_name, s.user_agent, s.ip, s.created_at, s.last_activity_at, s.expires_at, s.effective_expires_at,
        meander.session_state(s.revoked_at, s.effective_expires_at, $2), s.support_access_grant_id, s.revoked_at,
        s.revoked_by, s.revoke_reason
      from meander.session_details s
      where s.organization_id = scope.id
        and ($3 = 'any'
          or ($3 = 'revoked' and s.revoked_at is not null)
          or ($3 = 'active' and s.effective_expires_at > $2)
          or ($3 = 'expired' and s.effective_expires_at <= $2))
        and ($3 in ('any', 'revoked') or s.revoked_at is null)
        and ($4 is null or s.user_id = $4)
        and ($5 is null or s.id = any ($5))
        and ($6 is null or s.kind = $6)
        and ($7 is null or position($7 in lower(concat_ws(E'\n', s.device_type, s.device_name) collate "C")) > 0)
        and ($8 is null or position($8 in lower(s.user_agent collate "C")) > 0)
        and ($9 is null or s.ip >= host(network($9))::inet and s.ip <= host(broadcast($9))::inet)
        and ($10 is null or s.support_access_grant_id = $10)
        and ($11 is null or s.last_activity_at < $11)
        and ($12 is null or s.last_activity_at >= $12)
        and ($13 is null or s.created_at < $13)
        and ($14 is null or s.created_at > $14)
        and ($15 is null or s.%1$I < $15 or (s.%1$I = $15 and s.id > $16))
      order by s.%1$I desc, s.id
      limit $17
    ) as page
    order by page.%1$I desc, page.id
    limit $17
    $query$, case p_sort when 'created' then 'created_at' else 'last_activity_at' end)
  using p_organizations, v_at, v_state, v_user, v_ids, v_kind, v_device, v_user_agent, v_network, v_grant,
    v_idle_before, v_active_since, v_created_before, v_created_after, v_after, p_after_id, p_limit;
end
$$;
alter function meander.session_page owner to meander_functions;
grant execute on function meander.session_page to meander_system;
