-- Sets limits of the own organization's session policy. From the commit on every session, old ones too, ends by it;
-- sweep_sessions ends the chains and access tokens of those that it cut off.
-- p_organization: slug or id of the own organization, or null.
-- p_changes: see changed_policy. The event has what was before and what is now.
-- Returns {organizationId, organization, changed, idleTimeoutRaised, prior, policy, activeSessions, endNow,
-- endWithinDay} (policy_limits, policy_effect), or {refused} for anybody but an org admin, and for any other
-- organization, unknown or not (recorded on the operator's own chain).
-- Raises MC400, MC401, MC412, MC428.
create or replace function meander.set_policy(
  p_organization text,
  p_changes jsonb,
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
  v_organization meander.organizations;
  v_prior meander.organization_settings;
  v_policy meander.organization_settings;
  v_limits jsonb;
  v_effect jsonb;
begin
  perform meander.check_reason(p_reason, p_ticket);
  -- Wrong limits are told before anybody's role is looked at, and cost nobody's lock.
  perform meander.changed_policy(null, p_changes);
  v_access := meander.authorize_change('set_policy',
    jsonb_strip_nulls(jsonb_build_object('organization', p_organization)) || jsonb_build_object('changes', p_changes));
  if v_access.refusal is null and v_access.role <> 'org_admin' then
    v_access.refusal := 'only the organization itself sets its policy';
  end if;
  select * into v_organization
  from meander.organizations o
  where o.id = any (v_access.organizations) and (p_organization is null or p_organization in (o.slug, o.id::text));
  if v_access.refusal is not null or v_organization.id is null then
    perform meander.record_refusal(v_access.home_id, 'policy.set_refused', 'organization',
      array[left(coalesce(p_organization, v_access.home_id::text), 63)],
      case when v_access.refusal is null then 'MC404' else 'MC403' end, p_reason, p_ticket, p_request_id);
    return case
      when v_access.refusal is null then meander.refusal('MC404', 'no such organization within your reach')
      else meander.refusal('MC403', v_access.refusal)
    end;
  end if;

  -- The row is there and held before it is read: two who set at once each see what the other left.
  insert into meander.organization_settings (organization_id) values (v_organization.id) on conflict do nothing;
  select * into v_prior
  from meander.organization_settings p where p.organization_id = v_organization.id for update;
  v_policy := meander.changed_policy(v_prior, p_changes);
  v_effect := meander.policy_effect(v_prior, v_policy);
  v_limits := jsonb_build_object('prior', meander.policy_limits(v_prior), 'policy', meander.policy_limits(v_policy));

  if v_policy is distinct from v_prior then
    update meander.organization_settings p
    set idle_timeout = v_policy.idle_timeout, absolute_lifetime = v_policy.absolute_lifetime,
      max_support_access = v_policy.max_support_access, updated_at = clock_timestamp()
    where p.organization_id = v_organization.id;
    perform meander.append_audit_events(array[
      row(v_organization.id, 'policy.changed', 'organization', v_organization.id::text, p_reason, p_ticket,
        p_request_id, v_limits || jsonb_build_object('endNow', v_effect -> 'endNow'))::meander.audit_event]);
  end if;
  return v_limits || v_effect || jsonb_build_object(
    'organizationId', v_organization.id,
    'organization', v_organization.slug,
    'changed', v_policy is distinct from v_prior,
    'idleTimeoutRaised', coalesce(v_policy.idle_timeout > (p_changes ->> 'idleTimeout')::interval, false));
end
$$;
alter function meander.set_policy owner to meander_functions;
grant execute on function meander.set_policy to meander_operator;
