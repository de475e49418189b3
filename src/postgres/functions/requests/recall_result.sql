-- The stored result of a command that this login ran with this request id, or null.
-- Raises MC400 (null), MC401, MC409 when it was another command or other arguments.
create or replace function meander.recall_result(p_request_id uuid, p_command text, p_arguments jsonb)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_request meander.requests;
begin
  if p_request_id is null or p_command is null or p_arguments is null then
    raise exception using errcode = 'MC400', message = 'a request has an id, a command and arguments';
  elsif (meander.current_operator()).login is null and not meander.is_administrator() then
    raise exception using errcode = 'MC401',
      message = 'this login is no enabled operator of an active user, and no administrator';
  end if;
  select * into v_request from meander.requests r where r.login = session_user and r.request_id = p_request_id;
  if found and (v_request.command, v_request.arguments) is distinct from (p_command, p_arguments) then
    raise exception using errcode = 'MC409', message = 'this request id was used for another command or other arguments',
      hint = 'Give every request an id of its own.';
  end if;
  return v_request.result;
end
$$;
alter function meander.recall_result owner to meander_functions;
grant execute on function meander.recall_result to meander_operator, meander_owner;
