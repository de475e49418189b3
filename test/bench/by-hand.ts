/** SQL that somebody with all rights would write for what the functions do, from the tables themselves. */

const effectiveEnd = `least(s.expires_at, s.created_at + p.absolute_lifetime, s.last_activity_at + p.idle_timeout,
  g.expires_at, g.revoked_at)`

const joined = `meander.sessions s
  join meander.organizations o on o.id = s.organization_id
  left join meander.organization_settings p on p.organization_id = s.organization_id
  left join meander.support_access_grants g on g.id = s.support_access_grant_id
  left join meander.users u on u.id = s.user_id`

const columns = `s.id, s.user_id, u.email as user_email, u.display_name as user_name, s.organization_id,
  o.slug as organization, s.kind, s.device_type, s.device_name, s.user_agent, s.ip, s.created_at, s.last_activity_at,
  s.expires_at, ${effectiveEnd} as effective_expires_at, 'active' as state, s.support_access_grant_id, s.revoked_at,
  s.revoked_by, s.revoke_reason`

const active = `s.revoked_at is null and ${effectiveEnd} > now()`

/** Every active session, in no order. */
export const activeSessions = `select ${columns} from ${joined} where ${active}`

/** The first page of one organization's active sessions. */
export const pageOf = (organization: string): string =>
  `${activeSessions} and s.organization_id = '${organization}' order by s.last_activity_at desc, s.id limit 50`

/** The first page of every organization's: one short walk through the index each, merged. */
export const pageOfAll = `select page.* from meander.organizations scope cross join lateral (
    select ${columns} from ${joined} where ${active} and s.organization_id = scope.id
    order by s.last_activity_at desc, s.id limit 50
  ) as page order by page.last_activity_at desc, page.id limit 50`

/** The counts of `sessions stats`; `where` narrows them. */
export const counts = (where: string): string => `
  with counted as (
    select s.organization_id, s.kind, s.device_type,
      case when s.revoked_at is not null then 'revoked' when ${effectiveEnd} > now() then 'active' else 'expired' end as state,
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
