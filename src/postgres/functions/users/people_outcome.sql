-- How the contract names what became of a user.
create or replace function meander.people_outcome(p_act text, p_ended boolean)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case p_act
    when 'offboard' then case when p_ended then 'offboarded' else 'alreadyOffboarded' end
    when 'sign_out' then case when p_ended then 'signedOut' else 'alreadySignedOut' end
    else case when p_ended then 'reinstated' else 'alreadyActive' end
  end
$$;
alter function meander.people_outcome owner to meander_functions;
grant execute on function meander.people_outcome to meander_system;
