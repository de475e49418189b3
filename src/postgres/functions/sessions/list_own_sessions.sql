-- One page of the caller's own sessions, whatever the role: see session_page for the parameters; an
-- organization or user in the selector only narrows.
-- Raises MC400, MC401, MC404.
create or replace function meander.list_own_sessions(
  p_selector jsonb,
  p_sort text,
  p_after_at bigint,
  p_after_id uuid,
  p_limit integer
)
returns setof meander.session_record
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_own record := meander.own_scope();
  v_organizations uuid[] := v_own.p_organizations;
begin
  if p_selector ? 'user' then
    raise exception using errcode = 'MC400', message = 'the own sessions are those of one user: no other can be named';
  elsif p_selector ? 'organization' then
    select array_agg(o.id) into v_organizations
    from meander.organizations o
    where o.id = any (v_own.p_organizations) and p_selector ->> 'organization' in (o.slug, o.id::text);
    if v_organizations is null then
      raise exception using errcode = 'MC404', message = 'no such organization within your reach';
    end if;
  end if;
  return query
  select * from meander.session_page(
    p_selector, v_organizations, v_own.p_user, p_sort, p_after_at, p_after_id, p_limit);
end
$$;
alter function meander.list_own_sessions owner to meander_system;
grant execute on function meander.list_own_sessions to meander_operator;
