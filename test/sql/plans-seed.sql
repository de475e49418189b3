-- A few thousand rows that are the same in every run, but for the moments, so that the planner thinks the same of them:
-- 250 people with eight sessions each, every fifth of which was revoked, of every second one a chain of two tokens; two
-- organizations with a policy, a grant in each and many that ended, events, and access tokens on the blocklist.
set session_replication_role = 'replica';
alter table meander.sessions set (autovacuum_enabled = off);
alter table meander.refresh_tokens set (autovacuum_enabled = off);
alter table meander.support_access_grants set (autovacuum_enabled = off);
alter table meander.users set (autovacuum_enabled = off);
alter table meander.token_blocklist set (autovacuum_enabled = off);
alter table meander.audit_log set (autovacuum_enabled = off);

insert into meander.organization_settings (organization_id, idle_timeout, absolute_lifetime)
select o.id, '30 days', '90 days' from meander.organizations o where o.slug in ('hlf', 'nhf');

insert into meander.support_access_grants (id, organization_id, grantee_user_id, granted_by, reason, expires_at)
select md5('grant ' || o.slug)::uuid, o.id, u.id, 'kari', 'support case', now() + interval '1 day'
from meander.organizations o, meander.users u where o.slug in ('hlf', 'nhf') and u.email = 'gro@meander.example';

insert into meander.users (id, organization_id, email, display_name, role)
select md5('member ' || n)::uuid, o.id, 'member' || n || '@' || o.slug || '.example', 'Member ' || n, 'member'
from generate_series(1, 250) as n
join meander.organizations o on o.slug = case when n <= 200 then 'hlf' else 'nhf' end;

insert into meander.sessions (id, user_id, organization_id, kind, device_type, device_name, user_agent, ip, created_at,
  last_activity_at, expires_at, revoked_at, revoked_by, revoke_reason)
select md5('session ' || member || ' ' || n)::uuid, u.id, u.organization_id,
  case when n % 3 = 0 then 'portal' else 'mobile' end, 'phone', case when member = 3 then 'Own ' else 'Device ' end || n, 'Meander/4.2 (iPhone; iOS 19.1)',
  inet '10.0.0.0' + (member * 8 + n), began, began + interval '1 hour', began + interval '60 days',
  case when n % 5 = 0 then began + interval '2 hours' end, case when n % 5 = 0 then 'kari' end,
  case when n % 5 = 0 then 'lost' end
from generate_series(1, 250) as member
join meander.users u on u.id = md5('member ' || member)::uuid
cross join generate_series(1, 8) as n
cross join lateral (select now() - (member * 8 + n) * interval '20 minutes') as times (began);

-- Under the grants.
insert into meander.sessions (id, user_id, organization_id, kind, expires_at, support_access_grant_id)
select md5('session of gro ' || g.id)::uuid, g.grantee_user_id, g.organization_id, 'portal', g.expires_at, g.id
from meander.support_access_grants g;

-- Those that ended opened nothing that is left.
insert into meander.support_access_grants (id, organization_id, grantee_user_id, granted_by, reason, created_at, expires_at)
select md5('old grant ' || o.slug || ' ' || n)::uuid, o.id, u.id, 'kari', 'support case',
  now() - n * interval '1 day', now() - n * interval '1 day' + interval '1 hour'
from generate_series(1, 200) as n, meander.organizations o, meander.users u
where o.slug in ('hlf', 'nhf', 'empty') and u.email = 'gro@meander.example';

insert into meander.refresh_tokens (id, session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at,
  created_at, rotated_at, revoked_at)
select md5('token ' || s.id || ' ' || n)::uuid, s.id, s.organization_id,
  case when n > 1 then md5('token ' || s.id || ' ' || n - 1)::uuid end, sha256(uuid_send(s.id) || int4send(n)),
  md5('jti ' || s.id || ' ' || n)::uuid, s.created_at + n * interval '5 minutes' + interval '10 minutes',
  s.created_at + n * interval '5 minutes',
  case when n < tokens then s.created_at + (n + 1) * interval '5 minutes' end,
  case when n = tokens then s.revoked_at end
from meander.sessions s
cross join lateral (select 1 + get_byte(uuid_send(s.id), 0) % 2) as chain (tokens)
cross join generate_series(1, tokens) as n;

insert into meander.token_blocklist (jti, session_id, organization_id, expires_at, created_at, published_at)
select t.access_jti, t.session_id, t.organization_id, t.created_at + interval '6 days', t.created_at,
  case when get_byte(uuid_send(t.id), 1) % 10 > 0 then t.created_at end
from meander.refresh_tokens t
where t.revoked_at is not null;

insert into meander.audit_log (organization_id, seq, at, actor, action, target_type, target_id, reason, ticket, prev_hash, hash)
select s.organization_id, h.seq + row_number() over (partition by s.organization_id order by s.revoked_at, s.id),
  s.revoked_at, 'kari', 'session.revoked', 'session', s.id::text, 'lost',
  case when get_byte(uuid_send(s.id), 2) % 10 = 0 then 'HELP-' || get_byte(uuid_send(s.id), 3) end,
  sha256(uuid_send(s.id)), sha256(uuid_send(s.id))
from meander.sessions s
join meander.audit_heads h on h.organization_id = s.organization_id
where s.revoked_at is not null;
update meander.audit_heads h set seq = last.seq
from (select organization_id, max(seq) as seq from meander.audit_log group by 1) as last
where last.organization_id = h.organization_id;
