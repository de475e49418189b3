-- One page of one organization's chain, oldest first, with exactly what its hashes cover: nothing is decided here,
-- the reader recomputes every link. The first row is the head as it is at this very moment (seq, hash; nulls where it
-- is gone), so that a page and the head beside it always belong together, however many write meanwhile.
-- p_selector: organization, and any of since, until (timestamps, or ISO 8601 durations ago), actor, action, target,
-- ticket.
-- p_from_seq: where the page begins, or null for the very beginning, below 1 included.
-- p_skip: how many events with that number are known already; more than one has it only in a chain that somebody broke.
-- p_limit: 1 to 10000 events.
-- Raises MC400, MC401, MC403, MC404, MC428.
create or replace function meander.read_audit_chain(
  p_selector jsonb,
  p_from_seq bigint,
  p_skip integer,
  p_limit integer
)
returns table (
  organization_id uuid,
  seq bigint,
  at timestamptz,
  prev_hash bytea,
  hash bytea,
  actor text,
  actor_user_id text,
  action text,
  target_type text,
  target_id text,
  reason text,
  ticket text,
  request_id text,
  details text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  v_organization text := p_selector ->> 'organization';
  v_organizations uuid[];
  v_since timestamptz;
  v_until timestamptz;
begin
  perform meander.check_selector(p_selector,
    array['organization', 'since', 'until', 'actor', 'action', 'target', 'ticket']);
  perform meander.check_limit(p_limit);
  if v_organization is null then
    raise exception using errcode = 'MC400', message = 'a chain is of one organization';
  elsif p_skip < 0 then
    raise exception using errcode = 'MC400', message = 'what is known already is no negative number of events';
  end if;
  v_since := meander.moment(p_selector ->> 'since');
  v_until := meander.moment(p_selector ->> 'until');

  v_organizations := meander.authorize_audit('read_audit_chain', p_selector, v_organization);

  return query
  select o.id, h.seq, clock_timestamp(), null::bytea, h.hash,
    null::text, null::text, null::text, null::text, null::text, null::text, null::text, null::text, null::text
  from meander.organizations o
  left join meander.audit_heads h on h.organization_id = o.id
  where o.id = v_organizations[1];

  return query
  select a.organization_id, a.seq, a.at, a.prev_hash, a.hash, a.actor, a.actor_user_id::text, a.action, a.target_type,
    a.target_id, a.reason, a.ticket, a.request_id::text, a.details::text
  from meander.audit_log a
  where a.organization_id = v_organizations[1]
    and (p_from_seq is null or a.seq >= p_from_seq)
    and (v_since is null or a.at >= v_since)
    and (v_until is null or a.at < v_until)
    and (p_selector ->> 'actor' is null or a.actor = p_selector ->> 'actor')
    and (p_selector ->> 'action' is null or a.action = p_selector ->> 'action')
    and (p_selector ->> 'target' is null or a.target_id = p_selector ->> 'target')
    and (p_selector ->> 'ticket' is null or a.ticket = p_selector ->> 'ticket')
  -- Where somebody took the key away and gave a number twice, pages still go on where they ended.
  order by a.seq, a.ctid
  offset coalesce(p_skip, 0) limit p_limit;
end
$$;
alter function meander.read_audit_chain owner to meander_functions;
grant execute on function meander.read_audit_chain to meander_operator, meander_owner;
