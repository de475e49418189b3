-- First layer of the functions that look for the caller's own sessions: own_scope(), narrowed to the selector's
-- organization. Runs with its caller's rights.
-- Raises MC400 (a user is named), MC401, MC404.
create or replace function meander.own_selection(p_selector jsonb, out p_user uuid, out p_organizations uuid[])
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_own record := meander.own_scope();
begin
  p_user := v_own.p_user;
  p_organizations := v_own.p_organizations;
  if p_selector ? 'user' then
    raise exception using errcode = 'MC400', message = 'the own sessions are those of one user: no other can be named';
  elsif p_selector ? 'organization' then
    select array_agg(o.id) into p_organizations
    from meander.organizations o
    where o.id = any (v_own.p_organizations) and p_selector ->> 'organization' in (o.slug, o.id::text);
    if p_organizations is null then
      raise exception using errcode = 'MC404', message = 'no such organization within your reach';
    end if;
  end if;
end
$$;
alter function meander.own_selection owner to meander_system;
