-- The common frame of sign_out_users, offboard_users and reinstate_users for an operator: refuses the call of a
-- role that may not, leaves out users who are not within reach or may not be off-boarded, and records both.
-- p_act: sign_out, offboard or reinstate. Runs with its caller's rights.
-- Returns {items: [{userId, email, outcome, sessionsRevoked, …, message}]}, or {refused}.
create or replace function meander.people_act(
  p_act text,
  p_users uuid[],
  p_reasons text[],
  p_tickets text[],
  p_request_id uuid
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
-- One plan serves few and many, for each looks rows up one by one: to make another, or to compile it, takes longer.
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  v_access meander.change_access;
  v_scope uuid[];
  v_done jsonb := '[]';
  v_refusals jsonb := '{}';
  v_refused constant text := case p_act
    when 'sign_out' then 'user.sign_out_refused'
    when 'offboard' then 'user.offboard_refused'
    else 'user.reinstate_refused'
  end;
begin
  perform meander.check_people(p_users, p_reasons, p_tickets);
  v_access := meander.authorize_change(p_act || '_users', jsonb_build_object('users', to_jsonb(p_users)));
  if v_access.refusal is null and p_act = 'reinstate' and v_access.role <> 'org_admin' then
    v_access.refusal := 'only the organization itself reinstates its users';
  end if;
  if v_access.refusal is not null then
    perform meander.record_refusal(v_access.home_id, v_refused, 'user', p_users::text[], 'MC403', p_reasons[1], p_tickets[1], p_request_id);
    return meander.refusal('MC403', v_access.refusal);
  end if;

  -- In id order; with an org admin among them all org admins of that organization, so that two acts at once
  -- cannot end the last two.
  perform from meander.users u
  where u.organization_id = any (v_access.organizations)
    and u.id in (
      select unnest(p_users)
      union all
      select other.id
      from meander.users target
      join meander.users other on other.organization_id = target.organization_id
      where p_act = 'offboard' and target.id = any (p_users) and target.role = 'org_admin'
        and other.role = 'org_admin' and other.status = 'active')
  order by u.id
  for no key update;

  if p_act = 'offboard' then
    select coalesce(jsonb_object_agg(r.user_id, r.message), '{}') into v_refusals
    from meander.offboarding_refusals(p_users, v_access.organizations, v_access.user_id) as r;
  end if;
  select coalesce(array_agg(u.id), '{}') into v_scope
  from meander.users u
  where u.id = any (p_users) and u.organization_id = any (v_access.organizations) and not v_refusals ? u.id::text;

  if v_scope <> '{}' then
    select case
      when p_act = 'reinstate'
        then meander.reinstate(array_agg(id), array_agg(reason), array_agg(ticket), p_request_id)
      else meander.end_users(array_agg(id), array_agg(reason), array_agg(ticket), p_request_id, p_act = 'offboard')
    end
    into v_done
    from unnest(p_users, p_reasons, p_tickets) as asked (id, reason, ticket)
    where id = any (v_scope);
    -- A right that ended in the middle hides rows from the act, and then it is not whole.
    if coalesce(jsonb_array_length(v_done), 0) <> cardinality(v_scope) then
      raise exception using errcode = 'MC500', message = 'the right to these users ended before the act did',
        hint = 'Nothing was changed; look what is within your reach now.';
    end if;
  end if;

  perform meander.append_audit_events(array_agg(
    row(v_access.home_id, v_refused, 'user', asked.id::text, asked.reason, asked.ticket,
      p_request_id, jsonb_build_object('refused', case when v_refusals ? asked.id::text then 'MC403' else 'MC404' end)
    )::meander.audit_event order by asked.position))
  from unnest(p_users, p_reasons, p_tickets) with ordinality as asked (id, reason, ticket, position)
  where asked.id <> all (v_scope)
  having count(*) > 0;

  return jsonb_build_object('items', (
    select jsonb_agg(coalesce(
      done.item || jsonb_build_object('outcome', meander.people_outcome(p_act, (done.item ->> 'ended')::boolean)),
      jsonb_build_object('userId', asked.id, 'email', case when v_refusals ? asked.id::text then (
          select u.email from meander.users u where u.id = asked.id) end,
        'outcome', case when v_refusals ? asked.id::text then 'refused' else 'notFound' end,
        'message', coalesce(v_refusals ->> asked.id::text, 'no such user within your reach'))
    ) order by asked.position)
    from unnest(p_users) with ordinality as asked (id, position)
    left join jsonb_array_elements(v_done) as done (item) on (done.item ->> 'userId')::uuid = asked.id));
end
$$;
alter function meander.people_act owner to meander_functions;
