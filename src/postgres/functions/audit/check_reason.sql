-- A reason is there, short enough to be read, and free of control characters; so is a ticket, if there is one.
-- Raises MC400.
create or replace function meander.check_reason(p_reason text, p_ticket text)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_reason is null or btrim(p_reason) = '' then
    raise exception using errcode = 'MC400', message = 'a reason is required';
  elsif length(p_reason) > 1000 then
    raise exception using errcode = 'MC400', message = 'a reason has at most 1000 characters';
  elsif length(p_ticket) > 200 or btrim(p_ticket) = '' then
    raise exception using errcode = 'MC400', message = 'a ticket has 1 to 200 characters';
  elsif p_reason ~ '[\u0001-\u001f\u007f-\u009f]' or p_ticket ~ '[\u0001-\u001f\u007f-\u009f]' then
    raise exception using errcode = 'MC400', message = 'reasons and tickets have no control characters';
  end if;
end
$$;
alter function meander.check_reason owner to meander_functions;
grant execute on function meander.check_reason to meander_system, meander_registrar;
