-- One page of the sessions that a selector names, within the given organizations or of one person: what
-- list_sessions and list_own_sessions share. Runs with its caller's rights.
-- p_selector: as session_filter() reads it.
-- p_sort: last-activity or created, newest first; ties by id.
-- p_after_at (microseconds), p_after_id: the last row of the page before, or null.
-- p_floor_at (microseconds): nothing older is wanted, or null. Whoever reads on and on knows about how far the next
-- page goes; with that nothing is read for nothing.
-- One short index walk per organization, merged: a single query over several reads them whole. Of many, each gives a
-- few first; only those whose few are all among the newest are asked for more, and for nothing older than these.
-- Names are looked up for the page alone.
-- Raises MC300, MC400, MC404.
create or replace function meander.session_page(
  p_selector jsonb,
  p_organizations uuid[],
  p_own uuid,
  p_sort text,
  p_after_at bigint,
  p_after_id uuid,
  p_limit integer,
  p_floor_at bigint default null
)
returns setof meander.session_record
language plpgsql stable
set search_path = pg_catalog, pg_temp
-- A page is read in less time than it takes to compile the statement.
set jit = off
as $$
declare
  v record := meander.session_filter(p_selector, p_organizations, p_own);
  v_column text := case p_sort when 'created' then 'created_at' else 'last_activity_at' end;
  v_organizations integer := greatest(cardinality(p_organizations), 1);
  v_floor timestamptz := timestamptz 'epoch' + p_floor_at * interval '1 microsecond';
  v_after timestamptz := timestamptz 'epoch' + p_after_at * interval '1 microsecond';
  v_walk text := format($walk$
      select s.id, s.user_id, s.organization_id, s.organization, s.kind, s.device_type, s.device_name, s.user_agent, s.ip,
        s.created_at, s.last_activity_at, s.expires_at, s.effective_expires_at, s.support_access_grant_id, s.revoked_at,
        s.revoked_by, s.revoke_reason
      from meander.session_details s
      where s.organization_id = scope.id
        and ($3 = 'any'
          or ($3 = 'revoked' and s.revoked_at is not null)
          or ($3 = 'active' and s.effective_expires_at > $2)
          or ($3 = 'expired' and s.effective_expires_at <= $2))
        and ($3 in ('any', 'revoked') or s.revoked_at is null)
        and %2$s
        -- The first bound is where the index is entered.
        and ($15 is null or s.%1$I <= $15 and (s.%1$I < $15 or s.id > $16))
        and ($19 is null or s.%1$I >= $19)
      order by s.%1$I desc, s.id
    $walk$, v_column, meander.session_condition());
  v_page text;
begin
  perform meander.check_limit(p_limit);
  if p_sort is null or p_sort not in ('last-activity', 'created') then
    raise exception using errcode = 'MC400', message = 'sort has an unknown value';
  end if;

  -- $17 rows, of one organization or merged of several.
  v_page := format(case when v_organizations = 1 or v_floor is not null then $one$
      select walk.* from unnest($1) as scope (id) cross join lateral (%1$s limit $17) as walk
      order by %2$I desc, id
      limit $17
    $one$ else $several$
      with few as materialized (
        select walk.* from unnest($1) as scope (id) cross join lateral (%1$s limit $18) as walk
      ),
      more as (
        select organization_id as id from few group by organization_id having count(*) = $18 and $18 < $17
      )
      select * from few where organization_id not in (select id from more)
      union all
      select walk.*
      from more as scope
      cross join (
        select coalesce(min(newest.at) filter (where newest.place = $17), '-infinity') as at
        from (select %2$I as at, row_number() over (order by %2$I desc) as place from few) as newest
      ) as oldest
      cross join lateral (
        select * from (%1$s) as onward where onward.%2$I >= oldest.at limit $17
      ) as walk
      order by %2$I desc, id
      limit $17
    $several$ end, v_walk, v_column);
  return query execute format($query$
    select page.id, page.user_id, u.email, u.display_name, page.organization_id, page.organization, page.kind,
      page.device_type, page.device_name, page.user_agent, page.ip, page.created_at, page.last_activity_at,
      page.expires_at, page.effective_expires_at, meander.session_state(page.revoked_at, page.effective_expires_at, $2),
      page.support_access_grant_id, page.revoked_at, page.revoked_by, page.revoke_reason
    from (%s) as page
    left join meander.users u on u.id = page.user_id
    order by page.%I desc, page.id
    $query$, v_page, v_column)
  using p_organizations, v.p_at, v.p_state, v.p_user, v.p_ids, v.p_kind, v.p_device, v.p_user_agent, v.p_network,
    v.p_grant, v.p_idle_before, v.p_active_since, v.p_created_before, v.p_created_after, v_after, p_after_id, p_limit,
    least(p_limit, greatest(5, 2 * p_limit / v_organizations)), v_floor;
end
$$;
alter function meander.session_page owner to meander_functions;
grant execute on function meander.session_page to meander_system;
