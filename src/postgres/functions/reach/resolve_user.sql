-- The one user that an id or e-mail address names within the given organizations. E-mail addresses are
-- matched whole after lower-casing of ASCII letters; nothing else is folded.
-- Raises MC404 none (unknown or foreign, alike), MC300 several: DETAIL lists them as JSON.
create or replace function meander.resolve_user(p_user text, p_organizations uuid[])
returns uuid
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_email text collate "C" := lower(p_user collate "C");
  v_found jsonb;
begin
  select jsonb_agg(jsonb_build_object('id', u.id, 'email', u.email, 'organization', o.slug) order by o.slug, u.id)
  into v_found
  from meander.users u
  left join meander.organizations o on o.id = u.organization_id
  where (u.organization_id = any (p_organizations)
      or (u.organization_id is null and u.id = any (meander.visible_staff())))
    and (u.email = v_email or u.id::text = v_email);
  if v_found is null then
    raise exception using errcode = 'MC404', message = 'no such user within your reach';
  elsif jsonb_array_length(v_found) > 1 then
    raise exception using errcode = 'MC300', message = 'several users within your reach have this e-mail address',
      detail = v_found::text, hint = 'Name one of them by id.';
  end if;
  return (v_found -> 0 ->> 'id')::uuid;
end
$$;
alter function meander.resolve_user owner to meander_functions;
grant execute on function meander.resolve_user to meander_system;
