-- Puts a global admin's coming call on the record of every organization that it will touch. To be committed
-- before the call itself: in the same transaction it opens nothing. The record names people by id (recorded_arguments).
-- p_organization: slug or id; null means every organization with a live grant to the caller.
-- Returns one row for each organization: id and slug; none for an operator who needs no grant.
-- Raises MC401, MC400 (null or wrong arguments), MC404 (organization unknown or without a live grant, alike).
create or replace function meander.record_intent(
  p_organization text,
  p_function text,
  p_arguments jsonb,
  p_reason text,
  p_ticket text
)
returns table (organization_id uuid, organization text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
#variable_conflict use_column
declare
  v_operator meander.operator_identity := meander.current_operator();
  v_organizations uuid[];
  v_arguments jsonb;
begin
  if v_operator.login is null then
    raise exception using errcode = 'MC401', message = 'this login is no enabled operator of an active user';
  end if;
  -- What goes on another's record is short and plain.
  if p_function is null or p_function collate "C" !~ '^[a-z_]{1,63}$'
    or p_arguments is null or jsonb_typeof(p_arguments) <> 'object'
    or length(meander.intent_arguments(p_arguments)::text) > 20000 then
    raise exception using errcode = 'MC400', message = 'an intent names a function and its arguments';
  end if;
  perform meander.check_reason(p_reason, p_ticket);
  if v_operator.organization_id is not null then
    return;
  end if;

  select coalesce(array_agg(o.id), '{}') into v_organizations
  from meander.organizations o
  where o.id = any (meander.granted_organizations())
    and (p_organization is null or o.slug = p_organization or o.id::text = p_organization);
  if p_organization is not null and v_organizations = '{}' then
    raise exception using errcode = 'MC404', message = 'no such organization within your reach';
  end if;

  v_arguments := meander.intent_arguments(p_arguments);
  insert into meander.intents (organization_id, login_oid, function, arguments)
  select id, v_operator.login_oid, p_function, v_arguments
  from unnest(v_organizations) as id;
  perform meander.append_audit_events(array_agg(
    row(id, 'intent.recorded', 'organization', id::text, p_reason, p_ticket, null,
      jsonb_build_object('function', p_function, 'arguments', meander.recorded_arguments(v_arguments, id)))::meander.audit_event
    order by id))
  from unnest(v_organizations) as id;

  return query
  select o.id, o.slug from meander.organizations o where o.id = any (v_organizations) order by o.slug;
end
$$;
alter function meander.record_intent owner to meander_functions;
grant execute on function meander.record_intent to meander_operator;
