-- The same acts by an administrator on users of no tenant, who are in nobody else's reach. Also ends what they
-- opened in tenants under grants, with an event on each of those organizations' chains.
-- p_act: sign_out or offboard. Result and errors as people_act; MC403 for anybody but an administrator.
create or replace function meander.staff_act(
  p_act text,
  p_users uuid[],
  p_reasons text[],
  p_tickets text[],
  p_request_id uuid
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- One plan serves few and many, for each looks rows up one by one: to make another, or to compile it, takes longer.
set plan_cache_mode = force_generic_plan
set jit = off
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_scope uuid[];
  v_done jsonb := '[]';
begin
  if not meander.is_administrator() then
    raise exception using errcode = 'MC403', message = 'only an administrator of this database may do this';
  elsif p_act = 'reinstate' then
    raise exception using errcode = 'MC403', message = 'only the organization itself reinstates its users';
  elsif p_act is null or p_act not in ('sign_out', 'offboard') then
    raise exception using errcode = 'MC400', message = 'the act is sign_out or offboard';
  elsif current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'MC412', message = 'changes run at isolation level read committed only';
  end if;
  perform meander.check_people(p_users, p_reasons, p_tickets);
  perform from meander.users u where u.id = any (p_users) and u.organization_id is null order by u.id for no key update;
  select coalesce(array_agg(u.id), '{}') into v_scope
  from meander.users u where u.id = any (p_users) and u.organization_id is null;

  if v_scope <> '{}' then
    select meander.end_users(array_agg(id), array_agg(reason), array_agg(ticket), p_request_id, p_act = 'offboard')
    into v_done
    from unnest(p_users, p_reasons, p_tickets) as asked (id, reason, ticket)
    where id = any (v_scope);
  end if;

  return jsonb_build_object('items', (
    select jsonb_agg(coalesce(
      done.item || jsonb_build_object('outcome', meander.people_outcome(p_act, (done.item ->> 'ended')::boolean)),
      jsonb_build_object('userId', asked.id, 'outcome', 'notFound', 'message', 'no such user of no tenant')
    ) order by asked.position)
    from unnest(p_users) with ordinality as asked (id, position)
    left join jsonb_array_elements(v_done) as done (item) on (done.item ->> 'userId')::uuid = asked.id));
end
$$;
alter function meander.staff_act owner to meander_system;
grant execute on function meander.staff_act to meander_owner;
