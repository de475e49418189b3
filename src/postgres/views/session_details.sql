-- A session with what decides its end and with the names beside it. The reader's own policies apply.
drop view if exists meander.session_details;
create view meander.session_details with (security_invoker = true) as
select
  s.*,
  o.slug as organization,
  u.email as user_email,
  u.display_name as user_name,
  meander.session_effective_end(s.expires_at, s.created_at, s.last_activity_at, p.absolute_lifetime, p.idle_timeout,
    g.expires_at, g.revoked_at) as effective_expires_at
from meander.sessions s
join meander.organizations o on o.id = s.organization_id
left join meander.organization_settings p on p.organization_id = s.organization_id
-- Few sessions have a grant: looked up one by one, they cost the others nothing, and an order is kept.
left join lateral (
  select g.expires_at, g.revoked_at from meander.support_access_grants g
  where s.support_access_grant_id is not null and g.id = s.support_access_grant_id
  offset 0
) g on true
left join meander.users u on u.id = s.user_id;
alter view meander.session_details owner to meander_owner;
grant select on meander.session_details to meander_functions, meander_guard, meander_system;
comment on view meander.session_details is 'Sessions with their effective end; session_state() decides the state at a moment.';
