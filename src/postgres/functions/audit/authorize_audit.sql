-- First layer of the functions that read the record: whose an operator may read, as authorize_read has it, or an
-- administrator's choice of all.
-- p_function, p_arguments: the call, as the intent of a global admin must name it.
-- p_organization: slug or id that narrows the call to one organization, or null.
-- Raises MC400, MC401, MC403, MC404, MC428.
create or replace function meander.authorize_audit(p_function text, p_arguments jsonb, p_organization text)
returns uuid[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_organizations uuid[];
begin
  if not meander.is_administrator() then
    return meander.authorize_read(p_function, p_arguments, p_organization);
  end if;
  select array_agg(o.id) into v_organizations
  from meander.organizations o
  where p_organization is null or o.slug = p_organization or o.id::text = p_organization;
  if v_organizations is null then
    raise exception using errcode = 'MC404', message = 'no such organization within your reach';
  end if;
  return v_organizations;
end
$$;
alter function meander.authorize_audit owner to meander_functions;
