-- Closes a plan that was taken up, once nothing of its set is left to end; before that it can be gone on with.
-- Returns {left}: how many targets have not ended; or {refused} as begin_plan.
-- Raises MC400, MC401, MC412, MC428.
create or replace function meander.finish_plan(p_plan uuid)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_access meander.change_access;
  v_plan meander.plans;
  v_code text;
  v_left bigint;
begin
  if p_plan is null then
    raise exception using errcode = 'MC400', message = 'a plan has an id';
  end if;
  v_access := meander.authorize_change('finish_plan', jsonb_build_object('plan', p_plan));
  select p.* into v_plan
  from meander.plans p
  where p.id = p_plan and p.organization_id = any (v_access.organizations) and p.started_at is not null
  for update;
  if v_access.refusal is not null or v_plan.id is null then
    v_code := case when v_access.refusal is null then 'MC404' else 'MC403' end;
    perform meander.record_refusal(v_access.home_id, 'plan.apply_refused', 'plan', array[p_plan::text], v_code, null,
      null, null);
    return meander.refusal(v_code, coalesce(v_access.refusal, 'no such plan within your reach'));
  end if;

  if v_plan.finished_at is not null then
    return jsonb_build_object('left', 0);
  elsif v_plan.act = 'revoke_sessions' then
    select count(*) into v_left
    from unnest(v_plan.targets) as t (id)
    left join meander.sessions s on s.id = t.id
    where s.id is null or s.revoked_at is null;
  else
    select count(*) into v_left
    from unnest(v_plan.targets) as t (id)
    left join meander.users u on u.id = t.id
    where u.status is distinct from 'deactivated';
  end if;
  if v_left = 0 then
    -- What was in it is on the record, target by target.
    update meander.plans p set finished_at = clock_timestamp(), targets = '{}'
    where p.id = v_plan.id and p.organization_id = v_plan.organization_id;
    perform meander.append_audit_events(array[row(v_plan.organization_id, 'plan.finished', 'plan', p_plan::text,
      v_plan.reason, v_plan.ticket, p_plan, jsonb_build_object('act', v_plan.act,
        'targets', cardinality(v_plan.targets)))::meander.audit_event]);
  end if;
  return jsonb_build_object('left', v_left);
end
$$;
alter function meander.finish_plan owner to meander_functions;
grant execute on function meander.finish_plan to meander_operator;
