-- A change refused to a registered operator goes on that operator's own chain, one event per target, alike
-- for unknown and foreign targets. Refusals return, they do not raise: a raise would roll this back.
create or replace function meander.record_refusal(
  p_home uuid,
  p_action text,
  p_target_type text,
  p_targets text[],
  p_code text,
  p_reason text,
  p_ticket text,
  p_request_id uuid
)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  select meander.append_audit_events(array_agg(
    row(p_home, p_action, p_target_type, t.id, p_reason, p_ticket, p_request_id,
      jsonb_build_object('refused', p_code))::meander.audit_event order by t.position))
  from unnest(p_targets) with ordinality as t (id, position)
  having count(*) > 0
$$;
alter function meander.record_refusal owner to meander_functions;
grant execute on function meander.record_refusal to meander_system;
