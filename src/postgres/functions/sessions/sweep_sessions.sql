-- Ends, on the record, a batch of the sessions within reach that policy, grant or time have ended already.
-- p_organization: slug or id that narrows it to one organization, or null; p_limit: 1 to 10000.
-- p_after, result: see sweep_batch; {refused} for a role that may not, and for an organization out of reach, unknown
-- or not (recorded on the operator's own chain).
-- Raises MC400, MC401, MC412, MC428, MC500.
create or replace function meander.sweep_sessions(
  p_organization text,
  p_after jsonb,
  p_limit integer,
  p_reason text,
  p_ticket text,
  p_request_id uuid
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_access meander.change_access;
  v_organizations uuid[];
begin
  perform meander.check_reason(p_reason, p_ticket);
  v_access := meander.authorize_change('sweep_sessions',
    jsonb_strip_nulls(jsonb_build_object('organization', p_organization)));
  select array_agg(o.id) into v_organizations
  from meander.organizations o
  where o.id = any (v_access.organizations) and (p_organization is null or p_organization in (o.slug, o.id::text));
  if v_access.refusal is not null or v_organizations is null then
    perform meander.record_refusal(v_access.home_id, 'session.sweep_refused', 'organization',
      array[left(coalesce(p_organization, v_access.home_id::text), 63)],
      case when v_access.refusal is null then 'MC404' else 'MC403' end, p_reason, p_ticket, p_request_id);
    return case
      when v_access.refusal is null then meander.refusal('MC404', 'no such organization within your reach')
      else meander.refusal('MC403', v_access.refusal)
    end;
  end if;
  return meander.sweep_batch(v_organizations, p_after, p_limit, p_reason, p_ticket, p_request_id);
end
$$;
alter function meander.sweep_sessions owner to meander_functions;
grant execute on function meander.sweep_sessions to meander_operator;
