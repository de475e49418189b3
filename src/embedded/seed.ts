import { invent } from './invent.ts'
import type { EmbeddedDatabase } from './pglite.ts'
import { lostPhoneOwner } from './phone.ts'

/** Fills a store that was just migrated; `db` is its superuser. Times are relative to now. */
export const seed = async (db: EmbeddedDatabase): Promise<void> => {
  const { organizations, settings, users, sessions, tokens } = invent(Date.now())
  await db.transaction(async (tx) => {
    const fill = (table: string, rows: readonly object[]) =>
      tx.query(
        `insert into meander.${table} select * from jsonb_populate_recordset(null::meander.${table}, $1::jsonb)`,
        [JSON.stringify(rows)],
      )
    await tx.query(`create role kari login; create role gro login; create role auth login;
      grant meander_auth to auth`)
    await fill('organizations', organizations)
    // Past the guards, which rightly let nobody make a session that is old, or has expired already.
    await tx.query("set local session_replication_role = 'replica'")
    await fill('organization_settings', settings)
    await fill('users', users)
    await fill('sessions', sessions)
    await fill('refresh_tokens', tokens)
    await tx.query("set local session_replication_role = 'origin'")
    await tx.query(`select meander.add_operator('kari', 'kari@hlf.example', null),
      meander.add_operator('gro', 'gro@meander.example', null)`)
  })
  await endSome(db)
}

/** What is revoked at the start is revoked by the functions that do it: each has its event on the record. */
const endSome = async (db: EmbeddedDatabase): Promise<void> => {
  const active = async (limit: number, condition: string): Promise<string[]> => {
    const rows = await db.query<{ id: string }>(
      `select d.id from meander.session_details d
       where d.effective_expires_at > clock_timestamp() and d.revoked_at is null and d.user_email <> $1
         and ${condition} order by d.id limit $2`,
      [lostPhoneOwner.email, limit],
    )
    return rows.map(({ id }) => id)
  }
  const auth = await db.as('auth')
  const loggedOut = await active(45, 'true')
  await auth.transaction((tx) =>
    tx.query("select meander.end_session(id, 'logout') from unnest($1::uuid[]) as id", [loggedOut]),
  )
  const kari = await db.as('kari')
  for (const [count, condition, reason, ticket] of [
    [2, "d.device_name = 'Galaxy S24'", 'Phone stolen on the train', 'SEC-118'],
    [12, "d.device_type = 'tablet'", 'Tablets of the course were handed back', 'IT-2041'],
    [5, "d.kind = 'portal'", 'Password shared with a colleague', 'SEC-121'],
  ] as const) {
    const ids = await active(count, `d.organization = 'hlf' and ${condition}`)
    await kari.transaction((tx) =>
      tx.query('select meander.revoke_sessions($1, $2, $3, null)', [ids, reason, ticket]),
    )
  }
}
