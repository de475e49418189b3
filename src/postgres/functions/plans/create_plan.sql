-- Registers a plan: a frozen set of sessions or users of one organization, to be acted on within a while.
-- p_act: revoke_sessions or offboard_users. p_targets: up to 1000000 ids. p_sha256: of the file that says it all, in
-- hex. p_expires: 7 days from now at most.
-- Returns {organization}, or {refused}: MC403 for a role that may not, MC404 for an organization or a target that is
-- not within reach (unknown and foreign alike), MC409 for an id that a plan of this organization has; recorded on the
-- operator's own chain.
-- Raises MC400, MC401, MC412, MC428.
create or replace function meander.create_plan(
  p_plan uuid,
  p_organization text,
  p_act text,
  p_targets uuid[],
  p_sha256 text,
  p_expires timestamptz,
  p_reason text,
  p_ticket text
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
  v_organization record;
  v_found bigint;
begin
  if p_plan is null or p_act is null or p_act not in ('revoke_sessions', 'offboard_users')
    or p_sha256 is null or p_sha256 collate "C" !~ '^[0-9a-f]{64}$' then
    raise exception using errcode = 'MC400', message = 'a plan has an id, an act and the digest of its file';
  elsif p_targets is null or cardinality(p_targets) not between 1 and 1000000 or array_ndims(p_targets) > 1
    or array_position(p_targets, null) is not null
    or cardinality(p_targets) <> (select count(distinct t) from unnest(p_targets) as t) then
    raise exception using errcode = 'MC400', message = 'a plan has 1 to 1000000 targets, each once';
  elsif p_expires is null or p_expires <= clock_timestamp() or p_expires > clock_timestamp() + interval '7 days' then
    raise exception using errcode = 'MC400', message = 'a plan lasts 7 days at most';
  end if;
  perform meander.check_reason(p_reason, p_ticket);
  v_access := meander.authorize_change('create_plan', jsonb_build_object('plan', p_plan, 'act', p_act));
  if v_access.refusal is not null then
    perform meander.record_refusal(v_access.home_id, 'plan.create_refused', 'plan', array[p_plan::text], 'MC403',
      p_reason, p_ticket, null);
    return meander.refusal('MC403', v_access.refusal);
  end if;

  select o.id, o.slug into v_organization
  from meander.organizations o
  where o.id = any (v_access.organizations) and p_organization in (o.slug, o.id::text);
  if p_act = 'revoke_sessions' then
    select count(*) into v_found
    from meander.sessions s where s.id = any (p_targets) and s.organization_id = v_organization.id;
  else
    select count(*) into v_found
    from meander.users u where u.id = any (p_targets) and u.organization_id = v_organization.id;
  end if;
  if v_organization.id is null or v_found <> cardinality(p_targets) then
    perform meander.record_refusal(v_access.home_id, 'plan.create_refused', 'plan', array[p_plan::text], 'MC404',
      p_reason, p_ticket, null);
    return meander.refusal('MC404', 'the plan names what is not within your reach');
  end if;

  insert into meander.plans (organization_id, id, act, targets, sha256, reason, ticket, author, author_user_id, expires_at)
  values (v_organization.id, p_plan, p_act, p_targets, p_sha256, p_reason, p_ticket, session_user, v_access.user_id, p_expires)
  on conflict do nothing;
  if not found then
    perform meander.record_refusal(v_access.home_id, 'plan.create_refused', 'plan', array[p_plan::text], 'MC409',
      p_reason, p_ticket, null);
    return meander.refusal('MC409', 'there is a plan with this id');
  end if;
  -- A large set takes room: what nobody took up is not kept.
  update meander.plans p set targets = '{}'
  where p.organization_id = v_organization.id and p.started_at is null and p.targets <> '{}'
    and p.expires_at < clock_timestamp() - interval '1 day';
  perform meander.append_audit_events(array[row(v_organization.id, 'plan.created', 'plan', p_plan::text, p_reason,
    p_ticket, null, jsonb_build_object('act', p_act, 'targets', cardinality(p_targets), 'sha256', p_sha256,
      'expiresAt', p_expires))::meander.audit_event]);
  return jsonb_build_object('organization', v_organization.slug);
end
$$;
alter function meander.create_plan owner to meander_functions;
grant execute on function meander.create_plan to meander_operator;
