-- First layer of the functions over the caller's own sessions: the user behind this login and every
-- organization where that user has sessions. The role does not matter and no grant is needed.
-- Raises MC401.
create or replace function meander.own_scope(out p_user uuid, out p_home uuid, out p_organizations uuid[])
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select o.user_id, o.home_id into p_user, p_home from meander.current_operator() o;
  if p_user is null then
    raise exception using errcode = 'MC401', message = 'this login is no enabled operator of an active user';
  end if;
  p_organizations := meander.session_organizations(p_user);
end
$$;
alter function meander.own_scope owner to meander_guard;
grant execute on function meander.own_scope to meander_system;
