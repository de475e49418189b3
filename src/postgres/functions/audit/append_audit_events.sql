-- Appends events to their organizations' chains: the last statement of every act, since it holds each head
-- until the commit. Hashes are built in an array and inserted at once, organization by organization in id order.
-- Returns the position that the last event of each organization got, as {"<organization id>": seq}.
-- Raises MC500 for an organization without a head.
create or replace function meander.append_audit_events(p_events meander.audit_event[])
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_actor text := session_user;
  v_user uuid := (meander.current_operator()).user_id;
  v_organization uuid;
  v_event meander.audit_event;
  v_rows meander.audit_log[];
  v_row meander.audit_log;
  v_seq bigint;
  v_hash bytea;
  v_at timestamptz;
  v_positions jsonb := '{}';
begin
  for v_organization in
    select distinct e.organization_id from unnest(p_events) as e order by e.organization_id
  loop
    select h.seq, h.hash into v_seq, v_hash
    from meander.audit_heads h where h.organization_id = v_organization for update;
    if not found then
      raise exception using errcode = 'MC500', message = 'the audit head of an organization is missing';
    end if;

    v_at := clock_timestamp();
    v_rows := '{}';
    foreach v_event in array p_events loop
      continue when v_event.organization_id is distinct from v_organization;
      v_seq := v_seq + 1;
      v_row := row(
        v_organization, v_seq, v_at, v_actor, v_user, v_event.action, v_event.target_type, v_event.target_id,
        v_event.reason, v_event.ticket, v_event.request_id, coalesce(v_event.details, '{}'), v_hash, null);
      v_hash := meander.audit_hash(v_hash, v_organization, v_seq, v_at, array[
        v_actor, v_user::text, v_event.action, v_event.target_type, v_event.target_id, v_event.reason,
        v_event.ticket, v_event.request_id::text, (v_row).details::text]);
      v_row.hash := v_hash;
      v_rows := v_rows || v_row;
    end loop;

    insert into meander.audit_log select * from unnest(v_rows);
    update meander.audit_heads set seq = v_seq, hash = v_hash where organization_id = v_organization;
    v_positions := v_positions || jsonb_build_object(v_organization, v_seq);
  end loop;
  return v_positions;
end
$$;
alter function meander.append_audit_events owner to meander_audit;
grant execute on function meander.append_audit_events to meander_functions, meander_system, meander_registrar;
