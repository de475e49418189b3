-- First layer of every reading function: who calls, and which organizations this call may read.
-- p_function, p_arguments: the call, as the intent of a global admin must name it.
-- p_organization: slug or id that narrows the call to one organization, or null.
-- Raises MC400 arguments that are no object, MC401 no operator, MC403 a role without rights, MC404 an organization unknown or out of reach (alike),
-- MC428 a global admin's call that is not on the organization's record yet.
create or replace function meander.authorize_read(p_function text, p_arguments jsonb, p_organization text)
returns uuid[]
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator meander.operator_identity := meander.current_operator();
  v_reach uuid[];
  v_intended uuid[];
begin
  if v_operator.login is null then
    raise exception using errcode = 'MC401', message = 'this login is no enabled operator of an active user';
  elsif v_operator.role = 'none' then
    raise exception using errcode = 'MC403', message = 'the role of this operator''s user may not do this';
  elsif p_arguments is null or jsonb_typeof(p_arguments) <> 'object' then
    raise exception using errcode = 'MC400', message = 'the arguments of a call are a JSON object';
  end if;

  v_reach := case
    when v_operator.organization_id is not null then array[v_operator.organization_id]
    else meander.granted_organizations()
  end;
  if p_organization is not null then
    select array_agg(o.id) into v_reach
    from meander.organizations o
    where o.id = any (v_reach) and (o.slug = p_organization or o.id::text = p_organization);
    if v_reach is null then
      raise exception using errcode = 'MC404', message = 'no such organization within your reach';
    end if;
  end if;

  if v_operator.organization_id is null then
    v_intended := meander.intended_organizations(p_function, p_arguments);
    if not v_reach <@ v_intended then
      raise exception using errcode = 'MC428',
        message = 'under a support access grant the organization must have this call on its record first',
        hint = 'Call meander.record_intent for it and commit; meanderctl does that by itself.';
    end if;
  end if;
  return v_reach;
end
$$;
alter function meander.authorize_read owner to meander_guard;
grant execute on function meander.authorize_read to meander_functions;
