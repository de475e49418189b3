import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { password } from '../../support/as-login.ts'
import { organizations, peopledDatabase, type SessionSeed, seedSessions } from '../../support/people.ts'
import type { PostgresServer } from '../../support/postgres.ts'
import { startRedis } from '../../support/redis.ts'
import { bin, cleanEnvironment } from '../meanderctl.ts'

/** The same people, sessions, grants and events for every screen, and nothing on it that another run would show otherwise. */
export interface World {
  /** What the process of a login is given to reach its stores. */
  env(login: string, profile?: string): Record<string, string>
  /** The text with what differs from run to run replaced by something of the same length. */
  settled(text: string): string
  strike(): Promise<void>
}

const id = (group: number, n: number): string =>
  `${String(group).repeat(8)}-0000-4000-8000-${String(n).padStart(12, '0')}`

export const sessionIds = {
  phone: id(5, 1),
  tablet: id(5, 2),
  laptop: id(5, 3),
  gone: id(5, 4),
}
export const grantIds = { live: id(7, 1), old: id(7, 2), ended: id(7, 3) }

const safari =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1'
const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

/** Half a unit away from the next number everywhere, so that a slow machine shows the same. */
const sessions: readonly SessionSeed[] = [
  { id: sessionIds.phone, person: 'mari', ip: '198.51.100.23', activeAgo: '3 h 30 min', chain: 3 },
  { id: sessionIds.tablet, person: 'mari', deviceType: 'tablet', deviceName: 'iPad Air', activeAgo: '6.5 d' },
  {
    ...{ id: sessionIds.laptop, person: 'mari', kind: 'portal', deviceType: null, deviceName: null },
    ...{ userAgent: safari, ip: '2001:db8:4::1f', activeAgo: '26.5 h', expiresIn: '3.5 h' },
  },
  { id: sessionIds.gone, person: 'mari', deviceName: 'Pixel 8', createdAgo: '9.5 d', activeAgo: '8.5 d' },
  {
    ...{ id: id(5, 5), person: 'kari', kind: 'portal', deviceType: null, deviceName: null },
    ...{ userAgent: chrome, ip: '192.0.2.10', activeAgo: '2.5 h' },
  },
  { id: id(5, 6), person: 'ola', deviceName: '山田さんの携帯電話', ip: '203.0.113.77', activeAgo: '5.5 h' },
  { id: id(5, 7), person: 'ola', deviceName: 'הטלפון של שרה', ip: '203.0.113.78', activeAgo: '7.5 h' },
  { id: id(5, 8), person: 'ada', deviceName: 'Zoe\u0308s Te\u0301le\u0301phone', activeAgo: '9.5 h' },
  { id: id(5, 9), person: 'ada', deviceName: 'Galaxy A54', activeAgo: '40.5 d', createdAgo: '50.5 d' },
  {
    ...{ id: id(5, 10), person: 'liv', deviceName: 'iPhone SE', activeAgo: '20.5 d', createdAgo: '30.5 d' },
    expiresIn: '-3.5 d',
  },
  { id: id(5, 11), person: 'nils', deviceName: 'iPhone 13 mini', activeAgo: '1.5 h' },
].map((seed) => ({ createdAgo: '12.5 d', expiresIn: '17.5 d', ...seed }) as SessionSeed)

const grants = `
insert into meander.support_access_grants
  (id, organization_id, grantee_user_id, granted_by, reason, ticket, created_at, expires_at, revoked_at, revoked_by, revoke_reason)
select v.id::uuid, '${organizations.hlf}', u.id, 'kari', v.reason, v.ticket, now() - v.made::interval, now() + v.ends::interval,
  now() - v.ended::interval, case when v.ended is not null then 'kari' end, case when v.ended is not null then 'case closed' end
from (values
  ('${grantIds.live}', 'gro@meander.example', 'Import of last year’s members fails', 'SUP-31', '2.5 h', '5.5 h', null),
  ('${grantIds.old}', 'gro@meander.example', 'Reports are empty', null, '20.5 d', '-18.5 d', null),
  ('${grantIds.ended}', 'siv@meander.example', 'Login loops on old tablets', 'SUP-28', '9.5 d', '-7.5 d', '8.5 d')
) as v (id, email, reason, ticket, made, ends, ended) join meander.users u on u.email = v.email;
update meander.users set display_name = case split_part(email, '@', 1)
  when 'kari' then 'Kari Haugen' when 'mari' then 'Mari Solbakken' when 'ola' then '山田 花子' when 'ada' then 'Zoe\u0308 Åsen'
  when 'liv' then 'שרה כהן' else display_name end;
insert into meander.users (id, organization_id, email, display_name, role) values
  ('${id(6, 1)}', '${organizations.hlf}', 'a.very.long.address.of.somebody.with.many.names@hlf.example', 'Anne Margrethe Konstanse von der Lippe', 'coordinator');
insert into meander.users (id, organization_id, email, display_name, role, status, deactivated_at) values
  ('${id(6, 2)}', '${organizations.hlf}', 'tor@hlf.example', 'Tor Moen', 'member', 'deactivated', now() - interval '20.5 d');
insert into meander.organization_settings (organization_id, idle_timeout, absolute_lifetime)
values ('${organizations.hlf}', '30 days', '180 days')
on conflict (organization_id) do update set idle_timeout = '30 days', absolute_lifetime = '180 days';`

/** Nothing is so young that its seconds are counted, and what is ordered by its id comes in the same order. */
const older = `
with named as (
  select id, row_number() over (order by session_id, created_at)::text as n from meander.refresh_tokens
)
update meander.refresh_tokens t set
  id = ('88888888-0000-4000-8000-' || lpad(named.n, 12, '0'))::uuid,
  access_jti = ('99999999-0000-4000-8000-' || lpad(named.n, 12, '0'))::uuid,
  parent_id = (select ('88888888-0000-4000-8000-' || lpad(p.n, 12, '0'))::uuid from named p where p.id = t.parent_id)
from named where named.id = t.id;
update meander.refresh_tokens set created_at = created_at - interval '4 min 5 s',
  access_expires_at = access_expires_at - interval '4 min 5 s',
  rotated_at = created_at - interval '4 min 1 s' where rotated_at is not null;
update meander.refresh_tokens set created_at = created_at - interval '4 min 5 s',
  access_expires_at = access_expires_at - interval '4 min 5 s' where rotated_at is null;`

/** Every event two and a half hours older than the one after it, with the hashes that belong to it. */
const aged = `
do $$
declare
  v_head record; v_event meander.audit_log; v_hash bytea;
begin
  for v_head in select * from meander.audit_heads loop
    select a.prev_hash into v_hash from meander.audit_log a
    where a.organization_id = v_head.organization_id order by a.seq limit 1;
    for v_event in select * from meander.audit_log a where a.organization_id = v_head.organization_id order by a.seq loop
      v_event.at := v_event.at - (v_head.seq - v_event.seq + 1) * interval '2.5 h';
      v_event.prev_hash := v_hash;
      v_hash := meander.audit_hash(v_hash, v_event.organization_id, v_event.seq, v_event.at, array[
        v_event.actor, v_event.actor_user_id::text, v_event.action, v_event.target_type, v_event.target_id, v_event.reason,
        v_event.ticket, v_event.request_id::text, v_event.details::text]);
      update meander.audit_log set at = v_event.at, prev_hash = v_event.prev_hash, hash = v_hash
      where organization_id = v_event.organization_id and seq = v_event.seq;
    end loop;
    update meander.audit_heads set hash = v_hash where organization_id = v_head.organization_id;
  end loop;
end $$;
update meander.sessions set revoked_at = revoked_at - interval '7.5 h' where revoked_at is not null;
update meander.sessions set expires_at = now() - interval '3.5 d' where id = '${id(5, 9)}';
update meander.operators set created_at = created_at - interval '90.5 d';`

export const makeWorld = async (server: PostgresServer, name: string): Promise<World> => {
  const database = await server.createDatabase(name, await peopledDatabase(server))
  const redis = await startRedis()
  // Where the socket is, is as long as the name of a host, and its port need not be said.
  const host = mkdtempSync('/tmp/db-')
  symlinkSync(join(server.socket, `.s.PGSQL.${server.port}`), join(host, '.s.PGSQL.5432'))
  const past = `set session_replication_role = 'replica';`
  await server.query(`${past}${grants}`, [], database)
  await seedSessions(server, database, sessions)
  await server.query(`${past}${older}`, [], database)
  const env = (login: string, profile?: string) => ({
    ...{ PGPASSWORD: password, REDIS_URL: redis.url },
    ...(profile === undefined
      ? { PGHOST: host, PGUSER: login, PGDATABASE: database }
      : { MEANDERCTL_PROFILE: profile }),
    ...{ HOME: host, XDG_CONFIG_HOME: join(host, 'config'), XDG_DATA_HOME: join(host, 'data') },
  })
  const acts = [
    ['sessions', 'revoke', sessionIds.gone, '--reason', 'sold the phone', '--ticket', 'HELP-7', '--yes'],
    ['users', 'sign-out', 'ada@hlf.example', '--reason', '共有パスワード', '--yes', '--dry-run'],
    ['sessions', 'policy', 'set', '--idle-timeout', '60d', '--reason', 'summer', '--yes'],
  ]
  const run = (login: string, argv: readonly string[]) =>
    execFileSync(process.execPath, [bin, ...argv], { env: cleanEnvironment(env(login)), stdio: 'pipe' })
  run(server.superuser, ['blocklist', 'sync'])
  const url = `postgresql://kari@${encodeURIComponent(host)}/${database}`
  run('kari', ['profile', 'add', 'prod', '--database-url', url, '--production', '--org', 'hlf'])
  for (const argv of acts) run('kari', argv)
  await server.query(`${past}${aged}`, [], database)

  return {
    env,
    settled: (text) =>
      settle(
        text
          .replace(/\/tmp\/db-\w{0,6}/g, ({ length }) => 'db.example.org'.slice(0, length))
          .replaceAll(String(redis.port), '16379')
          // What Redis happens to use, and how far off it is, in as many columns.
          .replace(/\b[\d.]+[KM](, without a limit *)/g, (found, rest: string) =>
            `1.00M${rest}`.slice(0, found.length).padEnd(found.length),
          ),
      ),
    strike: async () => {
      rmSync(host, { recursive: true })
      await redis.stop()
    },
  }
}

const uuid = /(?<![\da-f])[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}(?![\da-f])/g
/** Ids of the world are made of one digit, zeros and their number. */
const own = /^(\d)\1{7}-0000-4000-8000-0{6}/

const settle = (text: string): string =>
  text
    .replace(uuid, (found) =>
      own.test(found) || /^0{8}-/.test(found) ? found : 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
    )
    .replace(/(?<![\da-f])[\da-f]{64}(?![\da-f])/g, '0123456789abcdef'.repeat(4))
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?/g, '2026-03-04T05:06:07.890123')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, '2026-03-04 05:06:07')
    .replace(/\b\d min\b/g, '7 min')
    .replace(/^(counted|to)( +)(?:now|\d s ago)/gm, '$1$2now')
    .replace(/\d+ ms (apart|(?:behind|ahead of) PostgreSQL)( *)/g, (found, how: string, blanks: string) => {
      const text = how === 'apart' ? '0 ms apart' : '0 ms ahead of PostgreSQL'
      return blanks === '' ? text : text.padEnd(found.length)
    })
    .replace(/\d+\.\d+ \(Debian [^)]*\)/g, '15.0 (Debian)')
    .replace(/Redis \d+\.\d+\.\d+/g, 'Redis 7.0.0')
    .replace(/\b\d\.\d\dM/g, '1.00M')
    // What every migration changes is held elsewhere.
    .replace(/\b\d+(?= (?:functions|policies|triggers|roles|tables)\b)/g, '99')
    .replace(/^(schema(?: version\b.*?)? +)\d+$/gm, (_, label) => `${label}9`)
