-- Gives users of the operator's own organization their accounts back; what ended stays ended.
-- p_users, p_reasons, p_tickets: 1 to 10000 entries each, tickets may be null. All in this transaction.
-- Returns {items: [{userId, email, outcome, …, message}]}, or {refused} for a role that may not.
-- Raises MC400, MC401, MC412, MC428, MC500.
create or replace function meander.reinstate_users(
  p_users uuid[],
  p_reasons text[],
  p_tickets text[],
  p_request_id uuid
)
returns jsonb
language sql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
  select meander.people_act('reinstate', p_users, p_reasons, p_tickets, p_request_id)
$$;
alter function meander.reinstate_users owner to meander_functions;
grant execute on function meander.reinstate_users to meander_operator;
