-- Puts an act on an operator's registration on the record of that user's organization, or of the platform.
create or replace function meander.record_operator(
  p_action text, p_login text, p_user uuid, p_reason text, p_ticket text, p_details jsonb,
  p_request_id uuid default null
)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  select meander.append_audit_events(array[
    row(coalesce(u.organization_id, '00000000-0000-0000-0000-000000000000'::uuid), p_action, 'operator', p_login,
      p_reason, p_ticket, p_request_id, p_details || jsonb_build_object('userId', u.id))::meander.audit_event])
  from meander.users u where u.id = p_user
$$;
alter function meander.record_operator owner to meander_registrar;
