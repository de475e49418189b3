import { callValue } from './call.ts'
import type { Queryable } from './database.ts'

/** Who the login is, as the database knows it. */
export interface Identity {
  readonly login: string
  readonly kind: 'operator' | 'administrator' | 'publisher' | 'authentication'
  readonly role: 'org_admin' | 'global_admin' | 'auditor' | 'none' | null
  readonly user: { readonly id: string; readonly email: string; readonly name: string } | null
  readonly organizations: readonly {
    readonly id: string
    readonly slug: string
    readonly name: string
    readonly through: 'own' | 'grant'
    readonly grantId: string | null
    readonly until: string | null
  }[]
  readonly blocklistMode: 'redis' | 'database'
  readonly schemaVersion: number
}

/** @see functions/reach/whoami.sql */
export const whoami = (db: Queryable): Promise<Identity> => callValue(db, 'whoami', {})

/** @see functions/reach/calls_on_record.sql */
export const callsOnRecord = (db: Queryable): Promise<boolean> => callValue(db, 'calls_on_record', {})

/** @see functions/installation/schema_version.sql */
export const schemaVersion = (db: Queryable): Promise<number | null> => callValue(db, 'schema_version', {})

/** The clock of the database, in milliseconds since 1970. */
export const databaseClock = async (db: Queryable): Promise<number> => {
  const [row] = await db.query<{ ms: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms',
  )
  return row?.ms ?? Number.NaN
}
