-- The blocklist within reach: mode, unexpired blocked tokens, those Redis may not know, and the oldest of these.
-- Where the platform reads the database itself, nothing is pending.
-- everywhere: this login sees all of it (publisher, administrator). redis_run_ids: the servers that were filled last.
-- A global admin learns only of what that login ended; everybody of what they ended of their own.
-- Raises MC401.
create or replace function meander.blocklist_status()
returns table (
  mode text, live bigint, pending bigint, oldest_pending_at timestamptz, everywhere boolean, redis_run_ids text[]
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_installation meander.installation := (select i from meander.installation i);
  v_at timestamptz := clock_timestamp();
  v_mode text := v_installation.blocklist_mode;
  v_organizations uuid[] := coalesce(nullif(meander.publishable_organizations(), '{}'), meander.readable_organizations());
  v_own uuid[] := meander.own_ended_sessions();
  v_ended_by_me boolean := (meander.current_operator()).role = 'global_admin';
begin
  if v_organizations is null then
    raise exception using errcode = 'MC401', message = 'this login may not read the blocklist';
  end if;
  return query
  select
    v_mode,
    count(*),
    count(*) filter (where v_mode = 'redis' and b.published_at is null),
    min(b.created_at) filter (where v_mode = 'redis' and b.published_at is null),
    pg_has_role(session_user, 'meander_publisher', 'member') or meander.is_administrator(),
    v_installation.redis_run_ids
  from meander.token_blocklist b
  where b.expires_at > v_at
    and (b.session_id = any (v_own)
      or b.organization_id = any (v_organizations) and (v_ended_by_me is not true or exists (
        select from meander.sessions s where s.id = b.session_id and s.revoked_by = session_user)));
end
$$;
alter function meander.blocklist_status owner to meander_functions;
grant execute on function meander.blocklist_status to meander_operator, meander_publisher, meander_owner;
