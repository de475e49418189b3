-- What these grants opened: the intents that the grantee recorded in the organization while the grant was live, by
-- their position in its record. reads: the call looks, it changes nothing. Runs with its caller's rights.
create or replace function meander.grant_intents(p_grants uuid[])
returns table (grant_id uuid, organization_id uuid, seq bigint, reads boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  -- An intent is about the organization, so its id leads to them through audit_log_target; as text beforehand, since
  -- beside a policy a comparison with a cast uses no index.
  with held as materialized (
    select g.id, g.organization_id, g.grantee_user_id, g.created_at, least(g.expires_at, g.revoked_at) as ended_at
    from meander.support_access_grants g
    where g.id = any (p_grants)
  ), scope as materialized (
    select distinct held.organization_id, held.organization_id::text as target from held
  ), recorded as materialized (
    select a.organization_id, a.seq, a.at, a.actor_user_id, a.details ->> 'function' as function
    from scope
    join meander.audit_log a on a.organization_id = scope.organization_id and a.target_id = scope.target
    where a.action = 'intent.recorded'
  )
  select held.id, held.organization_id, recorded.seq, recorded.function ~ '^(list|get|find|verify|refused)_'
  from held
  join recorded on recorded.organization_id = held.organization_id
    and recorded.actor_user_id = held.grantee_user_id
    and recorded.at >= held.created_at
    and recorded.at < held.ended_at
$$;
alter function meander.grant_intents owner to meander_functions;
