-- One page of the record, newest first.
-- p_selector: any of organization, since, until (timestamps, or ISO 8601 durations ago), actor, action, target, ticket.
-- p_after_at (microseconds), p_after_organization, p_after_seq: the last row of the page before, or null.
-- p_limit: 1 to 10000.
-- Raises MC400, MC401, MC403, MC404, MC428.
create or replace function meander.list_audit_events(
  p_selector jsonb,
  p_after_at bigint,
  p_after_organization uuid,
  p_after_seq bigint,
  p_limit integer
)
returns table (
  organization text,
  organization_id uuid,
  seq bigint,
  at timestamptz,
  actor text,
  actor_user_id uuid,
  action text,
  target_type text,
  target_id text,
  reason text,
  ticket text,
  request_id uuid,
  details jsonb,
  prev_hash text,
  hash text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set plan_cache_mode = force_custom_plan
as $$
declare
  v_organization text := p_selector ->> 'organization';
  v_organizations uuid[];
  v_since timestamptz;
  v_until timestamptz;
  v_after timestamptz := timestamptz 'epoch' + p_after_at * interval '1 microsecond';
begin
  perform meander.check_selector(p_selector,
    array['organization', 'since', 'until', 'actor', 'action', 'target', 'ticket']);
  perform meander.check_limit(p_limit);
  v_since := meander.moment(p_selector ->> 'since');
  v_until := meander.moment(p_selector ->> 'until');

  v_organizations := meander.authorize_audit('list_audit_events', p_selector, v_organization);

  return query
  select page.*
  from unnest(v_organizations) as scope (id)
  cross join lateral (
    select o.slug, a.organization_id, a.seq, a.at, a.actor, a.actor_user_id, a.action, a.target_type, a.target_id,
      a.reason, a.ticket, a.request_id, a.details, encode(a.prev_hash, 'hex'), encode(a.hash, 'hex')
    from meander.audit_log a
    join meander.organizations o on o.id = a.organization_id
    where a.organization_id = scope.id
      and (v_since is null or a.at >= v_since)
      and (v_until is null or a.at < v_until)
      and (p_selector ->> 'actor' is null or a.actor = p_selector ->> 'actor')
      and (p_selector ->> 'action' is null or a.action = p_selector ->> 'action')
      and (p_selector ->> 'target' is null or a.target_id = p_selector ->> 'target')
      and (p_selector ->> 'ticket' is null or a.ticket = p_selector ->> 'ticket')
      and (p_after_at is null
        or a.at < v_after
        or (a.at = v_after and (a.organization_id, -a.seq) > (p_after_organization, -p_after_seq)))
    order by a.seq desc
    limit p_limit
  ) as page
  order by page.at desc, page.organization_id, page.seq desc
  limit p_limit;
end
$$;
alter function meander.list_audit_events owner to meander_functions;
grant execute on function meander.list_audit_events to meander_operator, meander_owner;
