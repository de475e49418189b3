-- What of a plan's set is not as it was when it was made: targets that moved out of the organization or are gone, and
-- users who were given their account back since. Activity, rotation and ends are none. Runs with its caller's rights.
create or replace function meander.plan_drift(p_plan meander.plans)
returns table (target uuid, why text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_plan.act = 'revoke_sessions' then
    return query
    select t.id, 'moved out of the organization, or deleted'
    from unnest(p_plan.targets) as t (id)
    left join meander.sessions s on s.id = t.id and s.organization_id = p_plan.organization_id
    left join meander.users u on u.id = s.user_id and u.organization_id = p_plan.organization_id
    where s.id is null or (u.id is null and s.support_access_grant_id is null)
    order by t.id;
    return;
  end if;
  return query
  select t.id, case when u.id is null then 'moved out of the organization, or deleted' else 'reinstated since' end
  from unnest(p_plan.targets) as t (id)
  left join meander.users u on u.id = t.id and u.organization_id = p_plan.organization_id
  where u.id is null
    or exists (
      select from meander.audit_log a
      where a.organization_id = p_plan.organization_id and a.target_id = t.id::text
        and a.action = 'user.reinstated' and a.at > p_plan.created_at)
  order by t.id;
end
$$;
alter function meander.plan_drift owner to meander_functions;
