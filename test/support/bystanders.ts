import { organizations } from './people.ts'
import type { PostgresServer } from './postgres.ts'

/** Everything that an organization has, as text: the same before and after what must not touch it. */
export const everythingOf = async (
  server: PostgresServer,
  database: string,
  organization: keyof typeof organizations,
): Promise<string> => {
  const tables = [
    'sessions',
    'refresh_tokens',
    'token_blocklist',
    'support_access_grants',
    'audit_log',
    'users',
  ]
  const [row] = await server.query<{ everything: string }>(
    `select concat_ws(E'\\n', ${tables
      .map(
        (table) =>
          `(select string_agg(t::text, E'\\n' order by t::text) from meander.${table} t where organization_id = '${organizations[organization]}')`,
      )
      .join(', ')}) as everything`,
    [],
    database,
  )
  return row?.everything ?? ''
}
