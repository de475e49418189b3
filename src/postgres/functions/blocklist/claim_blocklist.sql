-- Takes up to p_limit unpublished, unexpired blocked tokens within reach for this transaction, oldest end first;
-- what another publisher holds is skipped. Confirm with mark_published in the same transaction.
-- A global admin gets only what that login ended; everybody what they ended of their own.
-- p_after_at (microseconds), p_after_jti: the last row of the batch before, or null: so that what Redis refuses is not
-- taken again and again while others wait. A new pass begins at the start; what came late is found by that.
-- remaining_ms: life left by this database's clock.
-- Raises MC400, MC401 (neither publisher, administrator nor operator).
create or replace function meander.claim_blocklist(
  p_limit integer,
  p_after_at bigint default null,
  p_after_jti uuid default null
)
returns table (jti uuid, session_id uuid, expires_at timestamptz, remaining_ms bigint, at bigint)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
#variable_conflict use_column
declare
  v_organizations uuid[] := meander.publishable_organizations();
  v_own uuid[] := meander.own_ended_sessions();
  v_ended_by_me boolean := (meander.current_operator()).role = 'global_admin';
  v_at timestamptz := clock_timestamp();
  v_after timestamptz := timestamptz 'epoch' + p_after_at * interval '1 microsecond';
begin
  perform meander.check_limit(p_limit);
  if v_organizations is null then
    raise exception using errcode = 'MC401', message = 'this login may not publish the blocklist';
  end if;
  return query
  select b.jti, b.session_id, b.expires_at, (extract(epoch from b.expires_at - clock_timestamp()) * 1000)::bigint,
    (extract(epoch from b.expires_at) * 1000000)::bigint
  from meander.token_blocklist b
  where b.published_at is null
    and b.expires_at > v_at
    and (p_after_at is null or (b.expires_at, b.jti) > (v_after, p_after_jti))
    and (b.session_id = any (v_own)
      or b.organization_id = any (v_organizations) and (v_ended_by_me is not true or exists (
        select from meander.sessions s where s.id = b.session_id and s.revoked_by = session_user)))
  order by b.expires_at, b.jti
  limit p_limit
  for update of b skip locked;
end
$$;
alter function meander.claim_blocklist owner to meander_functions;
grant execute on function meander.claim_blocklist to meander_operator, meander_publisher, meander_owner;
