import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { password } from '../support/as-login.ts'
import { createTemplate, organizations, templateName } from '../support/people.ts'
import { type PrivatePostgres, startPostgres } from '../support/postgres.ts'
import { compare, expectTargets, type Subject } from './ratio.ts'

const rounds = Number(process.env.MEANDERCTL_BENCH_ROUNDS ?? 11)
/** Active sessions of each of the two organizations; a quarter as many again has ended. */
const active = Number(process.env.MEANDERCTL_BENCH_SESSIONS ?? 200_000)

let postgres: PrivatePostgres
let owner: pg.Client
let kari: pg.Client
let gro: pg.Client

const connect = async (user: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: postgres.url(user, templateName, password) })
  await client.connect()
  return client
}

beforeAll(async () => {
  postgres = await startPostgres({
    settings: { shared_buffers: '1GB', max_wal_size: '8GB', work_mem: '4MB' },
  })
  await createTemplate(postgres)
  await postgres.query(
    `set session_replication_role = 'replica';
     insert into meander.sessions (user_id, organization_id, kind, device_type, device_name, user_agent, ip, created_at,
       last_activity_at, expires_at, revoked_at, revoked_by, revoke_reason)
     select u.id, u.organization_id, case when n % 3 = 0 then 'portal' else 'mobile' end,
       (array['phone', 'tablet', 'watch', null])[1 + n % 4], 'Device ' || n % 100, 'Meander/4.2 (iPhone; iOS 19.1)',
       '198.51.100.7', now() - random() * interval '60 days', now() - random() * interval '20 days',
       now() + interval '60 days', r.at, case when r.at is not null then 'kari' end,
       case when r.at is not null then 'reason ' || n % 5 end
     from generate_series(1, ${Math.round(active * 1.25)}) as n
     cross join meander.users u
     cross join lateral (select case when n > ${active} then now() - random() * interval '10 days' end as at) as r
     where u.email in ('kari@hlf.example', 'nils@nhf.example');
     insert into meander.organization_settings (organization_id, idle_timeout, absolute_lifetime)
     values ('${organizations.hlf}', '30 days', '90 days');
     insert into meander.support_access_grants (organization_id, grantee_user_id, granted_by, reason, expires_at)
     select o.id, u.id, 'kari', 'support case', now() + interval '1 day'
     from meander.organizations o, meander.users u where o.slug in ('hlf', 'nhf') and u.email = 'gro@meander.example'`,
    [],
    templateName,
  )
  await postgres.query('vacuum analyze', [], templateName)
  ;[owner, kari, gro] = await Promise.all([connect('postgres'), connect('kari'), connect('gro')])
  await gro.query("select meander.record_intent(null, 'session_stats', '{}', 'bench', null)")
}, 900_000)
afterAll(async () => {
  await Promise.all([owner?.end(), kari?.end(), gro?.end()])
  await postgres?.stop()
})

/** What somebody with all rights would write: the same counts, from the tables themselves. */
const byHand = (where: string) => `
  with counted as (
    select s.organization_id, s.kind, s.device_type,
      case when s.revoked_at is not null then 'revoked'
        when least(s.expires_at, s.created_at + p.absolute_lifetime, s.last_activity_at + p.idle_timeout, g.expires_at,
          g.revoked_at) > now() then 'active' else 'expired' end as state,
      case when s.revoked_at > now() - interval '1 day' then s.revoke_reason end as reason,
      case when s.created_at > now() - interval '1 hour' then 0 when s.created_at > now() - interval '1 day' then 1
        when s.created_at > now() - interval '7 days' then 2 when s.created_at > now() - interval '30 days' then 3
        when s.created_at > now() - interval '90 days' then 4 else 5 end as age,
      case when s.last_activity_at > now() - interval '15 minutes' then 0
        when s.last_activity_at > now() - interval '1 hour' then 1
        when s.last_activity_at > now() - interval '1 day' then 2 when s.last_activity_at > now() - interval '7 days' then 3
        when s.last_activity_at > now() - interval '30 days' then 4 else 5 end as idle,
      count(*) as sessions
    from meander.sessions s
    left join meander.organization_settings p on p.organization_id = s.organization_id
    left join meander.support_access_grants g on g.id = s.support_access_grant_id
    where (s.revoked_at is null or s.revoked_at > now() - interval '1 day') ${where}
    group by 1, 2, 3, 4, 5, 6, 7
  )
  select organization_id, kind, device_type, state, reason, age, idle, sum(sessions) from counted
  group by organization_id, grouping sets (kind, device_type, state, reason, age, idle)`

const stats = "select meander.session_stats('{}') as stats"
const activeOf = (result: pg.QueryResult): number =>
  result.rows[0].stats.groups
    .filter(({ dimension, value }: Record<string, string>) => dimension === 'state' && value === 'active')
    .reduce((sum: number, { sessions }: { sessions: number }) => sum + sessions, 0)

it('statistics cost little more than the owner’s bare SQL', async () => {
  const one = `and s.organization_id = '${organizations.hlf}'`
  const hand = (name: string, where: string): Subject => ({ name, run: () => owner.query(byHand(where)) })
  const both = await compare(
    `statistics over ${2 * active} active sessions of two organizations, under a grant`,
    [
      hand('owner’s bare SQL', ''),
      {
        name: 'session_stats',
        target: 1.3,
        run: async () => expect(activeOf(await gro.query(stats))).toBe(2 * active),
      },
    ],
    { rounds, warmUp: 1 },
  )
  const own = await compare(
    `statistics over ${active} active sessions of the own organization`,
    [
      hand('owner’s bare SQL', one),
      {
        name: 'session_stats',
        target: 1.3,
        run: async () => expect(activeOf(await kari.query(stats))).toBe(active),
      },
    ],
    { rounds, warmUp: 1 },
  )
  expectTargets([...both, ...own])
})
