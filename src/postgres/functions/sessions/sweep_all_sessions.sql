-- The same by an administrator over every organization, or over one.
-- Parameters and result as sweep_sessions. Raises MC400, MC403 (not an administrator), MC404, MC412, MC500.
create or replace function meander.sweep_all_sessions(
  p_organization text,
  p_after jsonb,
  p_limit integer,
  p_reason text,
  p_ticket text,
  p_request_id uuid
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_organizations uuid[];
begin
  if not meander.is_administrator() then
    raise exception using errcode = 'MC403', message = 'only an administrator of this database may do this';
  elsif current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'MC412', message = 'changes run at isolation level read committed only';
  end if;
  perform meander.check_reason(p_reason, p_ticket);
  select array_agg(o.id) into v_organizations
  from meander.organizations o
  where p_organization is null or p_organization in (o.slug, o.id::text);
  if v_organizations is null then
    raise exception using errcode = 'MC404', message = 'no such organization';
  end if;
  return meander.sweep_batch(v_organizations, p_after, p_limit, p_reason, p_ticket, p_request_id);
end
$$;
alter function meander.sweep_all_sessions owner to meander_system;
grant execute on function meander.sweep_all_sessions to meander_owner;
