-- Which of these users, within reach, offboard_users would refuse if they came together: asked before a list is
-- begun, so that it is refused whole.
-- Raises MC400, MC401, MC403, MC428.
create or replace function meander.refused_offboardings(p_users uuid[])
returns table (user_id uuid, message text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_organizations uuid[];
begin
  perform meander.check_targets(p_users);
  if not meander.is_administrator() then
    v_organizations := meander.authorize_read('refused_offboardings', jsonb_build_object('users', to_jsonb(p_users)), null);
  end if;
  return query
  select r.user_id, r.message
  from meander.offboarding_refusals(p_users, v_organizations, (meander.current_operator()).user_id) as r;
end
$$;
alter function meander.refused_offboardings owner to meander_functions;
grant execute on function meander.refused_offboardings to meander_operator, meander_owner;
