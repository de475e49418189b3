-- The granted organizations that have this very call of this login on their record.
create or replace function meander.intended_organizations(p_function text, p_arguments jsonb)
returns uuid[]
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(distinct i.organization_id), '{}')
  from meander.current_operator() o
  join meander.intents i on i.login_oid = o.login_oid
  where i.organization_id = any ((select meander.granted_organizations())::uuid[])
    and i.function = p_function
    and i.arguments = (select meander.intent_arguments(p_arguments))
    and i.created_at > clock_timestamp() - interval '15 minutes'
    and i.created_xid is distinct from pg_current_xact_id_if_assigned()
$$;
alter function meander.intended_organizations owner to meander_guard;
