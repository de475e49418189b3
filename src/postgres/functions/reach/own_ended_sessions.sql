-- The caller's own sessions that this login ended while their access tokens may still live, which is 15 minutes
-- at most: theirs to publish, whatever the role and without a grant. Empty for anybody who is no operator.
create or replace function meander.own_ended_sessions()
returns uuid[]
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(array_agg(s.id), '{}')
    from meander.current_operator() o
    join meander.sessions s on s.user_id = o.user_id
    where s.revoked_by = session_user and s.revoked_at > clock_timestamp() - interval '15 minutes');
end
$$;
alter function meander.own_ended_sessions owner to meander_guard;
grant execute on function meander.own_ended_sessions to meander_functions;
