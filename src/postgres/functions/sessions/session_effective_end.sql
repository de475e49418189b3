-- The moment a session stops by itself: the earliest of its own expiry, absolute lifetime, idle timeout and
-- its grant's end. Nulls (no such limit) never shorten.
create or replace function meander.session_effective_end(
  p_expires_at timestamptz,
  p_created_at timestamptz,
  p_last_activity_at timestamptz,
  p_absolute_lifetime interval,
  p_idle_timeout interval,
  p_grant_expires_at timestamptz,
  p_grant_revoked_at timestamptz
)
returns timestamptz
language sql stable parallel safe
as $$
  select least(p_expires_at, p_created_at + p_absolute_lifetime, p_last_activity_at + p_idle_timeout,
    p_grant_expires_at, p_grant_revoked_at)
$$;
alter function meander.session_effective_end owner to meander_functions;
grant execute on function meander.session_effective_end to meander_guard, meander_system;
