-- Whose blocked tokens this login may carry to Redis: the publisher and the administrator all, an operator
-- those of the organizations that it may change.
create or replace function meander.publishable_organizations()
returns uuid[]
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_has_role(session_user, 'meander_publisher', 'member') or meander.is_administrator() then
    return (select array_agg(o.id) from meander.organizations o);
  end if;
  return meander.changeable_organizations();
end
$$;
alter function meander.publishable_organizations owner to meander_guard;
grant execute on function meander.publishable_organizations to meander_functions;
