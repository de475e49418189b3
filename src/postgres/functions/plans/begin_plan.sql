-- Takes a plan up, or on after an interruption: checks that it may be carried out, and records who does. The acts
-- follow, each event of theirs with the plan's id as its request id; then finish_plan.
-- p_sha256: of the file that is to be carried out. p_targets_sha256: of the ids in it, sorted, in lower case and with
-- commas between: who registered a plan by hand may have named others than its file.
-- Returns {act, organization, targets, reason, ticket, author, createdAt, expiresAt, continued}, or {refused}, recorded
-- on the operator's own chain: MC403 for a role that may not, MC404 for a plan that is not within reach (unknown and
-- foreign alike), MC409 for an edited one, or other targets, MC410 for one that has expired, was finished or has drifted:
-- details say how. One that was taken up can be gone on with for 24 hours, also past its time.
-- Raises MC400, MC401, MC412, MC428.
create or replace function meander.begin_plan(p_plan uuid, p_sha256 text, p_targets_sha256 text)
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
  v_expires timestamptz;
  v_slug text;
  v_code text;
  v_refusal text;
  v_details jsonb;
begin
  if p_plan is null or p_sha256 is null or p_targets_sha256 is null then
    raise exception using errcode = 'MC400', message = 'a plan has an id and the digests of its file and its targets';
  end if;
  v_access := meander.authorize_change('begin_plan', jsonb_build_object('plan', p_plan));
  select p.* into v_plan
  from meander.plans p
  where p.id = p_plan and p.organization_id = any (v_access.organizations)
  for update;
  v_expires := greatest(v_plan.expires_at, v_plan.started_at + interval '24 hours');

  if v_access.refusal is not null then
    v_code := 'MC403';
    v_refusal := v_access.refusal;
  elsif v_plan.id is null then
    v_code := 'MC404';
    v_refusal := 'no such plan within your reach';
  elsif v_plan.sha256 <> p_sha256 then
    v_code := 'MC409';
    v_refusal := 'the plan was edited after it was made';
  elsif v_plan.finished_at is not null then
    v_code := 'MC410';
    v_refusal := 'the plan was finished before';
    v_details := jsonb_build_array(format('finished at %s by %s',
      to_char(v_plan.finished_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), v_plan.applied_by));
  elsif v_expires <= clock_timestamp() then
    v_code := 'MC410';
    v_refusal := 'the plan has expired';
    v_details := jsonb_build_array(format('expired at %s', to_char(v_expires, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')));
  elsif p_targets_sha256 <> (
    select encode(sha256(convert_to(string_agg(t.id::text, ',' order by t.id), 'UTF8')), 'hex')
    from unnest(v_plan.targets) as t (id)) then
    v_code := 'MC409';
    v_refusal := 'the file names other targets than the plan was registered with';
  else
    with drift as materialized (select * from meander.plan_drift(v_plan))
    select jsonb_agg(said) into v_details
    from (
      (select format('%s: %s', d.target, d.why) as said from drift as d limit 20)
      union all
      select format('and %s more', count(*) - 20) from drift having count(*) > 20
    ) as entries;
    if v_details is not null then
      v_code := 'MC410';
      v_refusal := 'the plan has drifted from what is there now';
    end if;
  end if;
  if v_code is not null then
    perform meander.record_refusal(v_access.home_id, 'plan.apply_refused', 'plan', array[p_plan::text], v_code,
      v_plan.reason, v_plan.ticket, null);
    return jsonb_set(meander.refusal(v_code, v_refusal), '{refused,details}', coalesce(v_details, '[]'));
  end if;

  update meander.plans p
  set started_at = coalesce(p.started_at, clock_timestamp()), applied_by = session_user
  where p.id = v_plan.id and p.organization_id = v_plan.organization_id;
  perform meander.append_audit_events(array[row(v_plan.organization_id, 'plan.applied', 'plan', p_plan::text,
    v_plan.reason, v_plan.ticket, p_plan, jsonb_build_object('act', v_plan.act,
      'targets', cardinality(v_plan.targets), 'author', v_plan.author, 'authorUserId', v_plan.author_user_id,
      'continued', v_plan.started_at is not null))::meander.audit_event]);
  select o.slug into v_slug from meander.organizations o where o.id = v_plan.organization_id;
  return jsonb_build_object('act', v_plan.act, 'organization', v_slug, 'targets', cardinality(v_plan.targets),
    'reason', v_plan.reason, 'ticket', v_plan.ticket, 'author', v_plan.author, 'createdAt', v_plan.created_at,
    'expiresAt', v_plan.expires_at, 'continued', v_plan.started_at is not null);
end
$$;
alter function meander.begin_plan owner to meander_functions;
grant execute on function meander.begin_plan to meander_operator;
