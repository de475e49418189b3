-- One page of the blocked tokens that still live, published or not: to fill Redis anew (p_publishable, those that this
-- login may publish), or to compare it (those that it may see). One index walk for each organization.
-- A global admin gets only what that login ended; everybody what they ended of their own.
-- p_after_organization, p_after_at (microseconds), p_after_jti: the last row of the page before, or null.
-- remaining_ms: life left by this database's clock.
-- Raises MC400, MC401 (neither publisher, administrator nor operator).
create or replace function meander.list_blocked_tokens(
  p_publishable boolean,
  p_after_organization uuid,
  p_after_at bigint,
  p_after_jti uuid,
  p_limit integer
)
returns table (
  organization_id uuid, at bigint, jti uuid, session_id uuid, expires_at timestamptz, remaining_ms bigint,
  published boolean
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_organizations uuid[] := meander.publishable_organizations();
  v_own uuid[] := meander.own_ended_sessions();
  v_ended_by_me boolean := (meander.current_operator()).role = 'global_admin';
  v_at timestamptz := clock_timestamp();
  v_after timestamptz := timestamptz 'epoch' + p_after_at * interval '1 microsecond';
  v_within boolean;
  v_organization uuid;
  v_left integer := p_limit;
  v_found integer;
begin
  perform meander.check_limit(p_limit);
  if p_publishable is null then
    raise exception using errcode = 'MC400', message = 'whether to publish must be said';
  elsif not p_publishable then
    v_organizations := coalesce(nullif(v_organizations, '{}'), meander.readable_organizations());
  end if;
  if v_organizations is null then
    raise exception using errcode = 'MC401', message = 'this login may not read the blocklist';
  end if;
  for v_organization in
    select o from unnest(v_organizations) as o
    where p_after_organization is null or o >= p_after_organization
    union
    select b.organization_id from meander.token_blocklist b
    where b.session_id = any (v_own) and (p_after_organization is null or b.organization_id >= p_after_organization)
    order by 1
  loop
    v_within := v_organization is not distinct from p_after_organization and v_after >= v_at;
    return query
    select b.organization_id, (extract(epoch from b.expires_at) * 1000000)::bigint, b.jti, b.session_id, b.expires_at,
      (extract(epoch from b.expires_at - clock_timestamp()) * 1000)::bigint, b.published_at is not null
    from meander.token_blocklist b
    where b.organization_id = v_organization
      and (b.expires_at, b.jti) > (
        case when v_within then v_after else v_at end,
        case when v_within then p_after_jti else 'ffffffff-ffff-ffff-ffff-ffffffffffff' end)
      and (b.session_id = any (v_own)
        or b.organization_id = any (v_organizations) and (v_ended_by_me is not true or exists (
          select from meander.sessions s where s.id = b.session_id and s.revoked_by = session_user)))
    order by b.expires_at, b.jti
    limit v_left;
    get diagnostics v_found = row_count;
    v_left := v_left - v_found;
    exit when v_left = 0;
  end loop;
end
$$;
alter function meander.list_blocked_tokens owner to meander_functions;
grant execute on function meander.list_blocked_tokens to meander_operator, meander_publisher, meander_owner;
