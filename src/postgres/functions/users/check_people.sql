-- The lists of an act on users belong together: ids without nulls or doubles, a reason for each, a ticket or null
-- for each. Raises MC400.
create or replace function meander.check_people(p_users uuid[], p_reasons text[], p_tickets text[])
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform meander.check_targets(p_users);
  if cardinality(p_users) is distinct from cardinality(p_reasons)
    or cardinality(p_users) is distinct from cardinality(p_tickets)
    or cardinality(p_users) <> (select count(distinct u) from unnest(p_users) as u) then
    raise exception using errcode = 'MC400', message = 'each user comes once, with a reason and a ticket or null';
  end if;
  perform meander.check_reason(a.reason, a.ticket) from unnest(p_reasons, p_tickets) as a (reason, ticket);
end
$$;
alter function meander.check_people owner to meander_functions;
grant execute on function meander.check_people to meander_system;
