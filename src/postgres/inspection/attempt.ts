import { MeanderError } from '../../errors.ts'
import { type AuditEvent, listAuditEvents } from '../audit.ts'
import type { Database, Queryable } from '../database.ts'
import { type Arguments, callOf } from '../operator-calls.ts'

/** What a call told and wrote, with everything that tells one call from another. */
export interface Outcome {
  /** null when it raised. */
  readonly rows: readonly object[] | null
  readonly failure: { readonly code: string; readonly text: readonly (string | null)[] } | null
  /** What it put on the own record; null where that cannot be read. */
  readonly record: readonly object[] | null
}

/** More than one call writes. */
const events = 100

/** Makes one call, looks at what it did, and rolls all of it back. @throws MeanderError for a connection that is lost. */
export const attempt = (
  db: Database,
  name: string,
  args: Arguments,
  { readsRecord }: { readonly readsRecord: boolean },
): Promise<Outcome> =>
  db.transaction(
    async (transaction) => {
      const before = readsRecord ? ((await newest(transaction, 1))[0]?.seq ?? 0) : 0
      let rows: object[]
      try {
        rows = await transaction.query(...callOf(name, args))
      } catch (error) {
        // Whatever it wrote is gone with it.
        return { rows: null, failure: failureOf(error), record: readsRecord ? [] : null }
      }
      const written = readsRecord ? await newest(transaction, events) : []
      const record = written.filter(({ seq }) => seq > before).map(unmistakable)
      return { rows, failure: null, record: readsRecord ? record : null }
    },
    { rollback: true },
  )

const newest = (db: Queryable, limit: number): Promise<AuditEvent[]> =>
  listAuditEvents(db, { selector: {}, after: null, limit })

/** An event without what is never the same twice. */
const unmistakable = ({ seq, at, prevHash, hash, ...event }: AuditEvent): object => event

const failureOf = (error: unknown): NonNullable<Outcome['failure']> => {
  if (error instanceof MeanderError && error.sqlState === undefined) throw error
  const said = (error instanceof MeanderError ? error.cause : error) as {
    code?: string
    message?: string
    detail?: string
    hint?: string
    where?: string
  }
  if (said.code === undefined) throw error
  const { code, message, detail, hint, where } = said
  return { code, text: [message, detail, hint, where].map((text) => text ?? null) }
}

export interface CallableFunction {
  readonly name: string
  readonly argumentNames: readonly string[]
  readonly argumentTypes: readonly string[]
}

/** What this login may execute of the schema, whoever gave it the right. */
export const readCallable = (db: Queryable): Promise<CallableFunction[]> =>
  db.query(
    `select p.proname::text as name, coalesce(p.proargnames[1:p.pronargs], '{}') as "argumentNames",
       array(select format_type(t, null) from unnest(p.proargtypes::oid[]) with ordinality as a (t, place)
         order by place) as "argumentTypes"
     from pg_proc p
     where p.pronamespace = to_regnamespace('meander') and p.prokind = 'f'
       and has_schema_privilege(p.pronamespace, 'usage') and has_function_privilege(p.oid, 'execute')
       and p.prorettype <> 'trigger'::regtype
     order by 1`,
  )
