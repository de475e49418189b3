-- Which of these are no blocked tokens, living or not, of anybody: keys of Redis that somebody else has put there.
-- Only the publisher and the administrator see enough to tell.
-- Raises MC400, MC401.
create or replace function meander.unknown_tokens(p_jtis uuid[])
returns setof uuid
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform meander.check_targets(p_jtis);
  if not (pg_has_role(session_user, 'meander_publisher', 'member') or meander.is_administrator()) then
    raise exception using errcode = 'MC401', message = 'only the publisher and the administrator see the whole blocklist';
  end if;
  return query
  select j from unnest(p_jtis) as j where not exists (select from meander.token_blocklist b where b.jti = j);
end
$$;
alter function meander.unknown_tokens owner to meander_system;
grant execute on function meander.unknown_tokens to meander_publisher, meander_owner;
