-- Ends sessions whole: chain, session and access tokens. The one place where a session gets revoked; each
-- caller has checked reach before and appends its audit events after. Runs with its caller's rights.
--
-- The order matters. Tokens before the session, because the other way round deadlocks with a rotation that
-- holds its token and waits for the session; tokens again after it, because a rotation that was in flight may
-- have left a new one behind; the blocklist last, when no new jti can come. Rows are locked in id order.
-- Only the tail of a chain is written: a rotated token is dead already.
--
-- Sessions that ended before are gone through as well, so that a repeat mends what a broken store left open.
-- An expired session is marked too: a policy that is loosened later must not bring it back.
-- p_reasons: one for each session.
-- Returns one entry for each session; raises MC500 when anything live is left, or when the caller's right to
-- these sessions ended in the middle: then its policies hid rows from the act, and from the check as well.
create or replace function meander.end_sessions(p_sessions uuid[], p_reasons text[])
returns meander.ended_session[]
language plpgsql
set search_path = pg_catalog, pg_temp
-- One plan serves few and many, for each looks rows up one by one: to make another, or to compile it, takes longer.
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  v_at timestamptz;
  v_ended meander.ended_session[];
  v_open boolean;
begin
  perform from meander.refresh_tokens t
  where t.session_id = any (p_sessions) and t.rotated_at is null and t.revoked_at is null
  order by t.id
  for update;
  perform from meander.sessions s where s.id = any (p_sessions) order by s.id for update;

  v_at := clock_timestamp();
  update meander.sessions s
  set revoked_at = v_at, revoked_by = session_user, revoke_reason = ending.reason
  from unnest(p_sessions, p_reasons) as ending (id, reason)
  where s.id = ending.id and s.revoked_at is null;
  update meander.refresh_tokens
  set revoked_at = v_at
  where session_id = any (p_sessions) and rotated_at is null and revoked_at is null;
  insert into meander.token_blocklist (jti, session_id, organization_id, expires_at, created_at)
  select t.access_jti, t.session_id, t.organization_id, t.access_expires_at, v_at
  from meander.refresh_tokens t
  where t.session_id = any (p_sessions) and t.access_expires_at > v_at
  on conflict (jti) do nothing;

  -- What happened, and what is open still, read back at once from the tables. Policy, grant and activity decide the
  -- state that a session had before, and the end changed none of them. Each chain is looked up by itself: joined as a
  -- whole, it is compared with every session once a plan for few is kept.
  select
    array_agg(row(d.id, d.organization_id, d.user_id,
      meander.session_state(nullif(d.revoked_at, v_at), d.effective_expires_at, v_at),
      chain.refresh_tokens, chain.access_tokens)::meander.ended_session order by d.id),
    bool_or(d.revoked_at is null or coalesce(chain.open, false))
  into v_ended, v_open
  from meander.session_details d
  cross join lateral (
    select
      count(*) filter (where t.revoked_at = v_at) as refresh_tokens,
      count(*) filter (where b.created_at = v_at) as access_tokens,
      bool_or((t.rotated_at is null and t.revoked_at is null)
        or (t.access_expires_at > clock_timestamp() and b.jti is null)) as open
    from meander.refresh_tokens t
    left join meander.token_blocklist b on b.jti = t.access_jti
    where t.session_id = d.id and (t.rotated_at is null or t.access_expires_at > v_at)
  ) as chain
  where d.id = any (p_sessions);
  if v_open then
    raise exception using errcode = 'MC500', message = 'a session was not ended completely';
  end if;
  if coalesce(cardinality(v_ended), 0) <> (select count(distinct s) from unnest(p_sessions) as s) then
    raise exception using errcode = 'MC500', message = 'the right to end these sessions ended before they did',
      hint = 'Nothing was changed; look what is within your reach now.';
  end if;

  notify meander_blocklist;
  return v_ended;
end
$$;
alter function meander.end_sessions owner to meander_functions;
grant execute on function meander.end_sessions to meander_system;
