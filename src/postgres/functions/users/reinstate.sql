-- Gives deactivated accounts back, nothing else: sessions and grants stay ended. Runs with its caller's rights.
-- Returns one entry per user: {userId, email, ended}, ended meaning that something was done.
create or replace function meander.reinstate(p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_prior jsonb;
begin
  select jsonb_object_agg(u.id, u.deactivated_at) into v_prior
  from meander.users u where u.id = any (p_users) and u.status = 'deactivated';
  update meander.users u
  set status = 'active', deactivated_at = null
  where u.id = any (p_users) and u.status = 'deactivated';

  perform meander.append_audit_events(array_agg(
    row(u.organization_id, 'user.reinstated', 'user', u.id::text, asked.reason, asked.ticket, p_request_id,
      jsonb_build_object('deactivatedAt', v_prior -> u.id::text))::meander.audit_event order by asked.position))
  from unnest(p_users, p_reasons, p_tickets) with ordinality as asked (id, reason, ticket, position)
  join meander.users u on u.id = asked.id
  where v_prior ? u.id::text
  having count(*) > 0;

  return (
    select jsonb_agg(jsonb_build_object('userId', u.id, 'email', u.email, 'ended', coalesce(v_prior ? u.id::text, false)))
    from meander.users u where u.id = any (p_users));
end
$$;
alter function meander.reinstate owner to meander_functions;
