-- Stores the result of a command under its request id, in the transaction of its last change. When another
-- process of this login was first with the same id, returns that one's result and the caller rolls back; null
-- when this one is now stored.
-- Raises MC400, MC401, MC409 as recall_result.
create or replace function meander.remember_result(p_request_id uuid, p_command text, p_arguments jsonb, p_result jsonb)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
begin
  if p_request_id is null or p_command is null or p_arguments is null or p_result is null then
    raise exception using errcode = 'MC400', message = 'a request has an id, a command, arguments and a result';
  elsif (meander.current_operator()).login is null and not meander.is_administrator() then
    raise exception using errcode = 'MC401',
      message = 'this login is no enabled operator of an active user, and no administrator';
  end if;
  insert into meander.requests (login, request_id, command, arguments, result)
  values (session_user, p_request_id, p_command, p_arguments, p_result)
  on conflict (login, request_id) do nothing;
  if found then
    return null;
  end if;
  return meander.recall_result(p_request_id, p_command, p_arguments);
end
$$;
alter function meander.remember_result owner to meander_functions;
grant execute on function meander.remember_result to meander_operator, meander_owner;
