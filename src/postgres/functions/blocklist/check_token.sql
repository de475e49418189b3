-- What the blocklist knows of one access token. remaining_ms: life left by this database's clock, 0 when expired.
-- A global admin learns only of what that login ended; everybody of what they ended of their own.
-- Raises MC400 (null), MC401, MC404 (unknown or foreign, alike).
create or replace function meander.check_token(p_jti uuid)
returns table (
  jti uuid, session_id uuid, organization_id uuid, expires_at timestamptz, remaining_ms bigint,
  published_at timestamptz, mode text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_organizations uuid[] := coalesce(nullif(meander.publishable_organizations(), '{}'), meander.readable_organizations());
  v_own uuid[] := meander.own_ended_sessions();
  v_ended_by_me boolean := (meander.current_operator()).role = 'global_admin';
begin
  if p_jti is null then
    raise exception using errcode = 'MC400', message = 'a jti is required';
  elsif v_organizations is null then
    raise exception using errcode = 'MC401', message = 'this login may not read the blocklist';
  end if;
  return query
  select b.jti, b.session_id, b.organization_id, b.expires_at,
    greatest(0, (extract(epoch from b.expires_at - clock_timestamp()) * 1000)::bigint),
    b.published_at, (select i.blocklist_mode from meander.installation i)
  from meander.token_blocklist b
  where b.jti = p_jti
    and (b.session_id = any (v_own)
      or b.organization_id = any (v_organizations) and (v_ended_by_me is not true or exists (
        select from meander.sessions s where s.id = b.session_id and s.revoked_by = session_user)));
  if not found then
    raise exception using errcode = 'MC404', message = 'no such blocked token within your reach';
  end if;
end
$$;
alter function meander.check_token owner to meander_functions;
grant execute on function meander.check_token to meander_operator, meander_publisher, meander_owner;
