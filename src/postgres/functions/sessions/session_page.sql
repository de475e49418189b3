-- One page of the sessions that a selector names, within the given organizations or of one person: what
-- list_sessions and list_own_sessions share. Runs with its caller's rights.
-- p_selector: as session_filter() reads it.
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
-- A page is read in less time than it takes to compile the statement.
set jit = off
as $$
declare
  v record := meander.session_filter(p_selector, p_organizations, p_own);
  v_after timestamptz := timestamptz 'epoch' + p_after_at * interval '1 microsecond';
begin
  perform meander.check_limit(p_limit);
  if p_sort is null or p_sort not in ('last-activity', 'created') then
    raise exception using errcode = 'MC400', message = 'sort has an unknown value';
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
        and %2$s
        and ($15 is null or s.%1$I < $15 or (s.%1$I = $15 and s.id > $16))
      order by s.%1$I desc, s.id
      limit $17
    ) as page
    order by page.%1$I desc, page.id
    limit $17
    $query$, case p_sort when 'created' then 'created_at' else 'last_activity_at' end, meander.session_condition())
  using p_organizations, v.p_at, v.p_state, v.p_user, v.p_ids, v.p_kind, v.p_device, v.p_user_agent, v.p_network,
    v.p_grant, v.p_idle_before, v.p_active_since, v.p_created_before, v.p_created_after, v_after, p_after_id, p_limit;
end
$$;
alter function meander.session_page owner to meander_functions;
grant execute on function meander.session_page to meander_system;
