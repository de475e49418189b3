-- What this operator may see: the own organization, or those under a live grant for which an intent of this
-- login was committed before this transaction, within 15 minutes. The policies' half of the check: that the
-- intent names this very call is the function's own (authorize_read). Null for anybody who is no operator.
create or replace function meander.readable_organizations()
returns uuid[]
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator meander.operator_identity := meander.current_operator();
begin
  if v_operator.login is null then
    return null;
  elsif v_operator.role = 'none' then
    return '{}';
  elsif v_operator.organization_id is not null then
    return array[v_operator.organization_id];
  end if;
  return (
    select coalesce(array_agg(g.id), '{}')
    from unnest(meander.granted_organizations()) as g (id)
    where exists (
      select from meander.intents i
      where i.login_oid = v_operator.login_oid
        and i.organization_id = g.id
        and i.created_at > clock_timestamp() - interval '15 minutes'
        and i.created_xid is distinct from pg_current_xact_id_if_assigned()));
end
$$;
alter function meander.readable_organizations owner to meander_guard;
grant execute on function meander.readable_organizations to meander_functions;
