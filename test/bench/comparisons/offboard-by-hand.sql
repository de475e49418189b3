-- The best that we can write by hand for the same work: accounts, grants, chains, sessions, access tokens, and one
-- chained audit event a user with its hashes built in an array. A superuser's, so that no policy is asked; no rows are
-- locked in order, nothing is read back, and nobody is told what became of whom.
-- One that a run left behind when it was ended.
drop schema if exists bench cascade;
create schema bench;
create function bench.offboard(p_users uuid[], p_reason text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_at constant timestamptz := clock_timestamp();
  v_organization uuid;
  v_sessions uuid[];
  v_seq bigint;
  v_hash bytea;
  v_event record;
  v_rows meander.audit_log[];
  v_row meander.audit_log;
begin
  -- The guard of users.status asks who it is.
  set local role meander_system;
  update meander.users set status = 'deactivated', deactivated_at = v_at
  where id = any (p_users) and status = 'active';
  reset role;
  update meander.support_access_grants set revoked_at = v_at, revoked_by = session_user, revoke_reason = p_reason
  where grantee_user_id = any (p_users) and revoked_at is null and expires_at > v_at;

  v_sessions := array(select id from meander.sessions where user_id = any (p_users) and revoked_at is null);
  update meander.refresh_tokens set revoked_at = v_at
  where session_id = any (v_sessions) and rotated_at is null and revoked_at is null;
  update meander.sessions set revoked_at = v_at, revoked_by = session_user, revoke_reason = p_reason
  where id = any (v_sessions);
  insert into meander.token_blocklist (jti, session_id, organization_id, expires_at, created_at)
  select access_jti, session_id, organization_id, access_expires_at, v_at
  from meander.refresh_tokens
  where session_id = any (v_sessions) and access_expires_at > v_at
  on conflict do nothing;

  select organization_id into v_organization from meander.users where id = p_users[1];
  select seq, hash into v_seq, v_hash from meander.audit_heads where organization_id = v_organization for update;
  for v_event in
    select user_id::text as target, jsonb_build_object('sessions', jsonb_agg(id order by id)) as details
    from meander.sessions where id = any (v_sessions)
    group by user_id order by user_id
  loop
    v_seq := v_seq + 1;
    v_row := row(v_organization, v_seq, v_at, session_user, null, 'user.offboarded', 'user', v_event.target, p_reason,
      null, null, v_event.details, v_hash, null);
    v_hash := meander.audit_hash(v_hash, v_organization, v_seq, v_at, array[session_user, null, 'user.offboarded',
      'user', v_event.target, p_reason, null, null, v_event.details::text]);
    v_row.hash := v_hash;
    v_rows := v_rows || v_row;
  end loop;
  insert into meander.audit_log select * from unnest(v_rows);
  update meander.audit_heads set seq = v_seq, hash = v_hash where organization_id = v_organization;
end
$$;
