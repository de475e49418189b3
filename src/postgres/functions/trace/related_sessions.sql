-- What hangs together with the sessions of a trace, in the time from p_from to p_to. Runs with its caller's rights.
-- relation: match (given), sibling (another session of the same person, active at p_at, or used or ended by somebody
-- in that time), or neighbour (somebody else's in that time). via says what a neighbour shares: address or device.
-- A device is its name and user agent together; one that more than 20 other people have is a model and tells nothing.
-- p_addresses: whether neighbours by address are looked for; where the address was the fact they are matches already.
create or replace function meander.related_sessions(
  p_sessions uuid[],
  p_users uuid[],
  p_organizations uuid[],
  p_addresses boolean,
  p_from timestamptz,
  p_to timestamptz,
  p_at timestamptz
)
returns table (session_id uuid, user_id uuid, relation text, via text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  -- More addresses or devices than this come from a fact that is too wide to have neighbours.
  v_most constant integer := 50;
  -- A device that more other people have is a model.
  v_many constant integer := 20;
  v_addresses inet[];
  v_names text[];
  v_agents text[];
begin
  return query
  select s.id, s.user_id, 'match', null from meander.sessions s where s.id = any (p_sessions);

  return query
  select d.id, d.user_id, 'sibling', null
  from meander.session_details d
  where d.user_id = any (p_users) and d.organization_id = any (p_organizations)
    and not exists (select from unnest(p_sessions) as given (id) where given.id = d.id)
    and (d.revoked_at is null and d.effective_expires_at > p_at
      or (d.last_activity_at >= p_from or d.revoked_at >= p_from) and d.created_at <= p_to);

  select array_agg(distinct s.ip) into v_addresses
  from meander.sessions s where p_addresses and s.id = any (p_sessions) and s.ip is not null;
  if cardinality(v_addresses) <= v_most then
    return query
    select s.id, s.user_id, 'neighbour', 'address'
    from unnest(p_organizations) as scope (id)
    join meander.sessions s on s.organization_id = scope.id and s.ip = any (v_addresses)
    where s.last_activity_at >= p_from and s.created_at <= p_to and s.user_id <> all (p_users)
    limit 10000;
  end if;

  select array_agg(device.device_name), array_agg(device.user_agent) into v_names, v_agents
  from (
    select distinct s.device_name, s.user_agent
    from meander.sessions s
    where s.id = any (p_sessions) and s.device_name is not null and s.user_agent is not null
  ) as device;
  if cardinality(v_names) <= v_most then
    -- What a look at the last sessions of that time shows to be a model need not be counted among all of them.
    with last as materialized (
      select s.user_id, s.device_name, s.user_agent
      from unnest(p_organizations) as scope (id)
      cross join lateral (
        select s.user_id, s.device_name, s.user_agent, s.last_activity_at, s.revoked_at
        from meander.sessions s
        where s.organization_id = scope.id and s.created_at <= p_to
        order by s.created_at desc, s.id
        limit 5000 / greatest(cardinality(p_organizations), 1)
      ) as s
      where s.last_activity_at >= p_from and (s.revoked_at is null or s.revoked_at >= p_from) and s.user_id <> all (p_users)
    ), model as (
      select last.device_name, last.user_agent from last
      group by last.device_name, last.user_agent having count(distinct last.user_id) > v_many
    )
    select array_agg(device.name), array_agg(device.agent) into v_names, v_agents
    from unnest(v_names, v_agents) as device (name, agent)
    where not exists (
      select from model where model.device_name = device.name and model.user_agent = device.agent);
  end if;
  if cardinality(v_names) <= v_most then
    return query
    with other as materialized (
      select s.id, s.user_id, device.number
      from unnest(p_organizations) as scope (id)
      join meander.sessions s on s.organization_id = scope.id and s.revoked_at is null and s.last_activity_at >= p_from
      join unnest(v_names, v_agents) with ordinality as device (name, agent, number)
        on device.name = s.device_name and device.agent = s.user_agent
      where s.created_at <= p_to and s.user_id <> all (p_users)
      union all
      select s.id, s.user_id, device.number
      from unnest(p_organizations) as scope (id)
      join meander.sessions s on s.organization_id = scope.id and s.revoked_at >= p_from
      join unnest(v_names, v_agents) with ordinality as device (name, agent, number)
        on device.name = s.device_name and device.agent = s.user_agent
      where s.last_activity_at >= p_from and s.created_at <= p_to and s.user_id <> all (p_users)
    ), telling as (
      select other.number from other group by other.number having count(distinct other.user_id) <= v_many
    )
    select other.id, other.user_id, 'neighbour', 'device'
    from other join telling on telling.number = other.number
    where v_addresses is null or cardinality(v_addresses) > v_most or not exists (
      select from meander.sessions s where s.id = other.id and s.ip = any (v_addresses));
  end if;
end
$$;
alter function meander.related_sessions owner to meander_functions;
