-- What `meanderctl doctor isolation` tries: the newest thing of each kind that one organization has, as a file.
-- Not a part of the schema. For somebody whom no policy binds, a superuser:
--   psql -XAtq -v organization=SLUG -f probe.sql > probe.json
-- A person whose address the operators' own organization has too would be found there, and rightly: hence one whose
-- address is nowhere else.
select json_build_object('schemaVersion', 1, 'kind', 'IsolationProbe', 'items', json_agg(json_build_object(
  'organization', o.id,
  'slug', o.slug,
  'user', person.id,
  'email', person.email,
  'login', (select p.login from meander.operators p join meander.users u on u.id = p.user_id
    where u.organization_id = o.id order by p.created_at desc limit 1),
  'session', (select s.id from meander.sessions s where s.organization_id = o.id order by s.created_at desc limit 1),
  'grant', (select g.id from meander.support_access_grants g where g.organization_id = o.id
    order by g.created_at desc limit 1),
  'jti', coalesce(
    (select b.jti from meander.token_blocklist b where b.organization_id = o.id order by b.created_at desc limit 1),
    (select t.access_jti from meander.refresh_tokens t where t.organization_id = o.id order by t.created_at desc limit 1)),
  'request', (select a.request_id from meander.audit_log a where a.organization_id = o.id and a.request_id is not null
    order by a.seq desc limit 1),
  'ticket', (select a.ticket from meander.audit_log a where a.organization_id = o.id and a.ticket is not null
    order by a.seq desc limit 1))))
from meander.organizations o
left join lateral (
  select u.id, u.email from meander.users u
  where u.organization_id = o.id
    and not exists (select from meander.users other where other.email = u.email and other.id <> u.id)
  order by u.created_at desc limit 1
) as person on true
where o.slug = :'organization';
