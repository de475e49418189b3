-- Appends events to their organizations' chains: the last statement of every act, since it holds each head
-- until the commit. Hashes are built in an array and inserted at once, organization by organization in id order.
-- p_user: who acts, where the Authentication Module answers for somebody; else it is the operator's user.
-- The setting meander.on_behalf_of names somebody for whom the login acts: it goes into the details and opens nothing,
-- so that anybody may set it. It must be a user of the events' organization; the platform's own record names nobody.
-- Returns the position that the last event of each organization got, as {"<organization id>": seq}.
-- Raises MC404 for such a user who is not there (unknown or foreign, alike), MC500 for an organization without a head.
create or replace function meander.append_audit_events(p_events meander.audit_event[], p_user uuid default null)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
as $$
declare
  v_actor text := session_user;
  v_user uuid := coalesce(p_user, (meander.current_operator()).user_id);
  v_platform constant uuid := '00000000-0000-0000-0000-000000000000';
  v_on_behalf_of text := nullif(current_setting('meander.on_behalf_of', true), '');
  v_named jsonb;
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
      raise exception using errcode = 'MC500', message = 'the audit head of an organization is missing, and what cannot be recorded is not done',
        hint = 'See what else is: meanderctl audit verify';
    end if;

    v_named := '{}';
    if v_on_behalf_of is not null and v_organization <> v_platform then
      if not exists (
        select from meander.users u
        where u.id = meander.uuid_or_null(v_on_behalf_of) and u.organization_id = v_organization
      ) then
        raise exception using errcode = 'MC404', message = 'no such user within your reach to act on behalf of';
      end if;
      v_named := jsonb_build_object('onBehalfOf', v_on_behalf_of::uuid);
    end if;

    v_at := clock_timestamp();
    v_rows := '{}';
    foreach v_event in array p_events loop
      continue when v_event.organization_id is distinct from v_organization;
      v_seq := v_seq + 1;
      v_row := row(
        v_organization, v_seq, v_at, v_actor, v_user, v_event.action, v_event.target_type, v_event.target_id,
        v_event.reason, v_event.ticket, v_event.request_id, coalesce(v_event.details, '{}') || v_named,
        v_hash, null);
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
