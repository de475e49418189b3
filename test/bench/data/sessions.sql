-- Organizations, people, sessions and chains, $sessions of them; one transaction, as the superuser, past the guards,
-- into a database with the people of the tests. $users people, of whom $leavers in hlf have ten active sessions each;
-- they are who gets off-boarded. Of ten sessions two are active, one has expired unswept, seven were revoked.
-- Sessions lie in the order in which they began, so those of a person are far apart, as in any table that grew.
set local session_replication_role = replica;
select setseed(0.5);
truncate meander.sessions, meander.refresh_tokens, meander.token_blocklist;
-- REINDEX makes them anew afterwards, which is a good deal quicker.
update pg_index set indisready = false, indisvalid = false
where indrelid in ('meander.sessions'::regclass, 'meander.refresh_tokens'::regclass);

insert into meander.organizations (slug, name)
select 'org-' || to_char(n, 'fm000'), 'Organization ' || n from generate_series(3, 200) as n;
insert into meander.audit_heads (organization_id) select id from meander.organizations on conflict do nothing;
insert into meander.organization_settings (organization_id, idle_timeout, absolute_lifetime)
select id, '2 years', '4 years' from meander.organizations where slug ~ '[05]$' or slug = 'nhf';
insert into meander.support_access_grants (organization_id, grantee_user_id, granted_by, reason, expires_at)
select o.id, u.id, 'kari', 'support case', now() + interval '5 years'
from meander.organizations o, meander.users u
where u.email = 'gro@meander.example' and o.slug not in ('platform', 'empty');

-- The nth organization has a share of 1/n: hlf is the largest, nhf the next.
create temporary table person on commit drop as
with ranked as (
  select o.id, o.slug, 1.0 / case o.slug when 'hlf' then 1 when 'nhf' then 2 else substr(o.slug, 5)::integer end as share
  from meander.organizations o
  where o.slug in ('hlf', 'nhf') or o.slug like 'org-%'
),
spread as (
  select id, slug, sum(share) over (order by share desc) / sum(share) over () as upto, share / sum(share) over () as share
  from ranked
)
select n as number, gen_random_uuid() as id, s.id as organization_id, 'member' || n || '@' || s.slug || '.example' as email
from spread s
cross join lateral generate_series(round((s.upto - s.share) * $users)::integer, round(s.upto * $users)::integer - 1) as n;
create unique index on person (number);
analyze person;

insert into meander.users (id, organization_id, email, display_name, role, created_at)
select id, organization_id, email, 'Member ' || number, 'member', now() - interval '2 years' from person order by number;

-- A leaver's numbers are scattered by multiplying with a prime: everybody gets exactly ten, far apart.
insert into meander.sessions (user_id, organization_id, kind, device_type, device_name, user_agent, ip, created_at,
  last_activity_at, expires_at, revoked_at, revoked_by, revoke_reason)
select p.id, p.organization_id, case when s.n % 3 = 0 then 'portal' else 'mobile' end,
  (array['phone', 'tablet', 'watch', null])[1 + s.n % 4],
  (array['iPhone 15', 'iPhone 16', 'Pixel 9', 'Galaxy S24', 'Device 7'])[1 + s.n % 5],
  case when s.n % 3 = 0 then 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' else 'Meander/4.2 (iPhone; iOS 19.1)' end,
  inet '10.0.0.0' + s.n % 60000, s.began,
  case when s.ended is null then s.began + (now() - s.began) * sqrt(random()) else s.ended - interval '1 hour' end,
  case when s.ended is null then now() + interval '3 years' when s.n % 10 = 1 then s.ended
    else s.ended + interval '90 days' end,
  case when s.n % 10 <> 1 then s.ended end,
  case when s.n % 10 <> 1 and s.ended is not null then 'kari' end,
  case when s.n % 10 <> 1 and s.ended is not null then 'reason ' || s.n % 7 end
from (
  select n, s.began,
    case when n % 5 <> 0 then s.began + interval '2 hours' + (now() - s.began - interval '3 hours') * random() ^ 3 end as ended,
    case
      when n % 5 = 0 and n / 5 % 20 < 9 then (n / 100 * 9 + n / 5 % 20)::bigint * 7368787 % $leavers
      when n % 10 in (0, 1, 5) then $leavers + floor(random() * ($users - $leavers))
      else floor(random() * $users)
    end as person
  from generate_series(0, $sessions - 1) as n
  cross join lateral (select now() - interval '4 hours' - interval '1 year' * (1 - n / $sessions.0)) as s (began)
) as s
join person p on p.number = s.person;

-- A chain of one token, or of two where the session is active. The last access token of a leaver has two years left,
-- which no real one has: so that none runs out while a measurement lasts, nor until the next.
insert into meander.refresh_tokens (id, session_id, organization_id, parent_id, token_hash, access_jti,
  access_expires_at, created_at, rotated_at, revoked_at)
select t.id, s.id, s.organization_id, t.parent_id, sha256(uuid_send(gen_random_uuid())), gen_random_uuid(),
  t.began + interval '14 minutes', t.began, t.rotated_at, s.revoked_at
from (
  select s.*, gen_random_uuid() as first, gen_random_uuid() as last, p.number < $leavers as leaves,
    s.revoked_at is null and s.expires_at > now() as alive
  from meander.sessions s
  join person p on p.id = s.user_id
  offset 0
) as s
cross join lateral (
  select s.first as id, null::uuid as parent_id, s.created_at as began, s.last_activity_at as rotated_at where s.alive
  union all
  select s.last, case when s.alive then s.first end,
    case when not s.alive then s.created_at when s.leaves then now() + interval '2 years' else s.last_activity_at end, null
) as t;
