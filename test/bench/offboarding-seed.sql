-- People and sessions to off-board, amid as many of other organizations: :users members of hlf with ten sessions
-- each, every session with a chain of one spent and one live refresh token. The access token of the live one has a
-- day left, which no real one has: so that none runs out while a measurement lasts.
set session_replication_role = replica;
insert into meander.organizations (slug, name)
select 'other-' || n, 'Other ' || n from generate_series(1, 9) as n;
insert into meander.audit_heads (organization_id)
select id from meander.organizations on conflict do nothing;

insert into meander.users (organization_id, email, display_name, role)
select o.id, 'member' || n || '@' || o.slug || '.example', 'Member ' || n, 'member'
from meander.organizations o, generate_series(1, $users) as n
where o.slug = 'hlf' or o.slug like 'other-%' and n <= $users / 9;

insert into meander.sessions (user_id, organization_id, kind, device_type, device_name, user_agent, ip, created_at,
  last_activity_at, expires_at)
select u.id, u.organization_id, 'mobile', 'iPhone', 'Phone', 'Meander/4.2 (iOS 18)', '10.0.0.1',
  now() - random() * interval '20 days', now() - random() * interval '1 day', now() + interval '30 days'
from meander.users u, generate_series(1, 10)
where u.email like 'member%';

with spent as (
  insert into meander.refresh_tokens (session_id, organization_id, token_hash, access_jti, access_expires_at,
    created_at, rotated_at)
  select s.id, s.organization_id, sha256(uuid_send(gen_random_uuid())), gen_random_uuid(),
    now() - interval '1 hour', now() - interval '1 hour', now() - interval '1 hour'
  from meander.sessions s
  returning id, session_id, organization_id
)
insert into meander.refresh_tokens (session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at,
  created_at)
select session_id, organization_id, id, sha256(uuid_send(gen_random_uuid())), gen_random_uuid(),
  now() + interval '1 day', now() + interval '1 day'
from spent;

update meander.installation set blocklist_mode = 'database';
