-- The organizations that let this global admin in right now: enough to record an intent, not to read.
-- Empty unless the isolation level is read committed (an older snapshot would keep a revoked grant alive),
-- and a grant counts only in transactions after the one that made it.
create or replace function meander.granted_organizations()
returns uuid[]
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(array_agg(distinct g.organization_id), '{}')
    from meander.support_access_grants g
    join meander.current_operator() o on o.user_id = g.grantee_user_id and o.organization_id is null
    where g.revoked_at is null
      and g.expires_at > clock_timestamp()
      and g.created_xid is distinct from pg_current_xact_id_if_assigned()
      and current_setting('transaction_isolation') = 'read committed');
end
$$;
alter function meander.granted_organizations owner to meander_guard;
grant execute on function meander.granted_organizations to meander_functions;
