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
as $$
declare
  v_at timestamptz;
  v_prior jsonb;
  v_ended meander.ended_session[];
begin
  perform from meander.refresh_tokens t
  where t.session_id = any (p_sessions) and t.rotated_at is null and t.revoked_at is null
  order by t.id
  for update;
  perform from meander.sessions s where s.id = any (p_sessions) order by s.id for update;

  v_at := clock_timestamp();
  select jsonb_object_agg(d.id, meander.session_state(d.revoked_at, d.effective_expires_at, v_at)) into v_prior
  from meander.session_details d where d.id = any (p_sessions);

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

  if exists (
    select from meander.sessions s where s.id = any (p_sessions) and s.revoked_at is null
  ) or exists (
    select from meander.refresh_tokens t
    where t.session_id = any (p_sessions) and t.rotated_at is null and t.revoked_at is null
  ) or exists (
    select from meander.refresh_tokens t
    where t.session_id = any (p_sessions) and t.access_expires_at > clock_timestamp()
      and not exists (select from meander.token_blocklist b where b.jti = t.access_jti)
  ) then
    raise exception using errcode = 'MC500', message = 'a session was not ended completely';
  end if;

  select array_agg(row(s.id, s.organization_id, s.user_id, v_prior ->> s.id::text,
      coalesce(t.refresh_tokens, 0), coalesce(b.access_tokens, 0))::meander.ended_session order by s.id)
  into v_ended
  from meander.sessions s
  left join (
    select session_id, count(*)::integer as refresh_tokens from meander.refresh_tokens
    where session_id = any (p_sessions) and revoked_at = v_at group by session_id
  ) as t on t.session_id = s.id
  left join (
    select session_id, count(*)::integer as access_tokens from meander.token_blocklist
    where session_id = any (p_sessions) and created_at = v_at group by session_id
  ) as b on b.session_id = s.id
  where s.id = any (p_sessions);
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
