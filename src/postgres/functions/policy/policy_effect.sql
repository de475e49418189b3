-- What a policy does to the sessions of an organization that are active under the one before: how many of them, and
-- of how many users, end now, and how many more in the next 24 hours unless they are used.
-- Runs with its caller's rights. Returns {activeSessions, endNow: {sessions, users}, endWithinDay: {…}}.
create or replace function meander.policy_effect(
  p_prior meander.organization_settings,
  p_policy meander.organization_settings
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_at timestamptz := clock_timestamp();
begin
  return (
    select jsonb_build_object(
      'activeSessions', count(*),
      'endNow', jsonb_build_object(
        'sessions', count(*) filter (where active.ends_at <= v_at),
        'users', count(distinct active.user_id) filter (where active.ends_at <= v_at)),
      'endWithinDay', jsonb_build_object(
        'sessions', count(*) filter (where active.ends_at > v_at and active.ends_at <= v_at + interval '24 hours'),
        'users', count(distinct active.user_id) filter (
          where active.ends_at > v_at and active.ends_at <= v_at + interval '24 hours')))
    from (
      select s.user_id,
        meander.session_effective_end(s.expires_at, s.created_at, s.last_activity_at, p_policy.absolute_lifetime,
          p_policy.idle_timeout, g.expires_at, g.revoked_at) as ends_at
      from meander.sessions s
      left join meander.support_access_grants g on g.id = s.support_access_grant_id
      where s.organization_id = p_prior.organization_id and s.revoked_at is null
        and meander.session_state(s.revoked_at,
          meander.session_effective_end(s.expires_at, s.created_at, s.last_activity_at, p_prior.absolute_lifetime,
            p_prior.idle_timeout, g.expires_at, g.revoked_at), v_at) = 'active'
    ) as active);
end
$$;
alter function meander.policy_effect owner to meander_functions;
