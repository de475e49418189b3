-- What a policy amounts to, in the words of the options: null is no limit; support access always has one, 72 hours
-- unless the organization says otherwise.
create or replace function meander.policy_limits(p_policy meander.organization_settings)
returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'idleTimeout', meander.duration_text(p_policy.idle_timeout),
    'absoluteLifetime', meander.duration_text(p_policy.absolute_lifetime),
    'maxSupportAccess', meander.duration_text(coalesce(p_policy.max_support_access, interval '72 hours')))
$$;
alter function meander.policy_limits owner to meander_functions;
