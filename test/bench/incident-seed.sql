-- A million sessions of one organization, $members people with ten each, every session with its live refresh token
-- and a quarter of them with a spent one; and amid them 20 people who were signed in from one address last night, by
-- the same strange program, and who have other sessions from elsewhere too.
set session_replication_role = replica;

-- Indexes are made anew at the end, which is a good deal quicker.
create temporary table made_anew as
select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
from pg_index i
where i.indrelid in ('meander.sessions'::regclass, 'meander.refresh_tokens'::regclass)
  and not exists (select from pg_constraint k where k.conindid = i.indexrelid);
do $$
declare
  v_name text;
begin
  for v_name in select name from made_anew loop
    execute 'drop index ' || v_name;
  end loop;
end
$$;

insert into meander.users (organization_id, email, display_name, role)
select o.id, 'member' || n || '@hlf.example', 'Member ' || n, 'member'
from meander.organizations o, generate_series(1, $members) as n
where o.slug = 'hlf';

-- A tenth has ended before.
insert into meander.sessions (user_id, organization_id, kind, device_type, device_name, user_agent, ip, created_at,
  last_activity_at, expires_at, revoked_at, revoked_by, revoke_reason)
select s.id, s.organization_id, 'mobile', 'phone', (array['iPhone 15', 'iPhone 16', 'Pixel 9', 'Galaxy S24'])[1 + n % 4],
  'Meander/4.' || n || ' (iPhone; iOS 19.' || s.number % 7 || ')', inet '10.0.0.0' + (s.number * 7 + n * 13) % 60000,
  s.last - interval '3 days' * random(), s.last, now() + interval '60 days',
  case when (s.number + n) % 10 = 0 then s.last + interval '1 minute' end,
  case when (s.number + n) % 10 = 0 then 'kari' end,
  case when (s.number + n) % 10 = 0 then 'left' end
from (
  select u.id, u.organization_id, u.number, n, now() - interval '2 minutes' - u.age * random() as last
  from (
    select id, organization_id, row_number() over () as number, interval '30 days' * random() as age
    from meander.users where email like 'member%@hlf.example'
  ) as u, generate_series(1, 10) as n
) as s;

insert into meander.sessions (user_id, organization_id, kind, device_type, device_name, user_agent, ip, created_at,
  last_activity_at, expires_at)
select u.id, u.organization_id, 'mobile', 'phone', 'Nobody’s phone', 'curl/8.9 (stolen)', '203.0.113.66',
  now() - interval '9 hours', now() - interval '2 minutes', now() + interval '60 days'
from meander.users u
where u.email in (select 'member' || n * 37 || '@hlf.example' from generate_series(1, 20) as n);

with spent as (
  insert into meander.refresh_tokens (session_id, organization_id, token_hash, access_jti, access_expires_at,
    created_at, rotated_at)
  select s.id, s.organization_id, sha256(uuid_send(gen_random_uuid())), gen_random_uuid(),
    s.created_at + interval '15 minutes', s.created_at, s.last_activity_at
  from meander.sessions s
  where abs(hashtext(s.id::text)) % 4 = 0
  returning id, session_id
)
insert into meander.refresh_tokens (session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at,
  created_at, revoked_at)
select s.id, s.organization_id, spent.id, sha256(uuid_send(gen_random_uuid())), gen_random_uuid(),
  s.last_activity_at + interval '14 minutes', s.last_activity_at, s.revoked_at
from meander.sessions s left join spent on spent.session_id = s.id;

do $$
declare
  v_definition text;
begin
  for v_definition in select definition from made_anew loop
    execute v_definition;
  end loop;
end
$$;
