-- What this operator may see: the own organization, or those under a live grant for which an intent of this
-- login was committed before this transaction, within 15 minutes. The policies' half of the check: that the
-- intent names this very call is the function's own (authorize_read). Null for anybody who is no operator.
create or replace function meander.readable_organizations()
returns uuid[]
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
  select case
    when o.login is null then null
    when o.role = 'none' then '{}'
    when o.organization_id is not null then array[o.organization_id]
    else (
      select coalesce(array_agg(g.id), '{}')
      from unnest(meander.granted_organizations()) as g (id)
      where exists (
        select from meander.intents i
        where i.login_oid = o.login_oid
          and i.organization_id = g.id
          and i.created_at > clock_timestamp() - interval '15 minutes'
          and i.created_xid is distinct from pg_current_xact_id_if_assigned()
      )
    )
  end
  from meander.current_operator() o
$$;
alter function meander.readable_organizations owner to meander_guard;
grant execute on function meander.readable_organizations to meander_functions;
