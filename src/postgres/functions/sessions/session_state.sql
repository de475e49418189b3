-- The one rule that says what a session is: revoked once ended by someone, else active while its effective
-- end is ahead of p_at, else expired. At exactly its end it is expired.
create or replace function meander.session_state(p_revoked_at timestamptz, p_effective_end timestamptz, p_at timestamptz)
returns text
language sql immutable parallel safe
as $$
  select case when p_revoked_at is not null then 'revoked' when p_effective_end > p_at then 'active' else 'expired' end
$$;
alter function meander.session_state owner to meander_functions;
grant execute on function meander.session_state to meander_guard, meander_system;
