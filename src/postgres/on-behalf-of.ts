import type { Database } from './database.ts'

/**
 * The database for one operation, whose events name `user` beside the login; null names nobody. The setting ends with
 * each transaction. @see functions/audit/append_audit_events.sql
 */
export const onBehalfOf = (db: Database, user: string | null): Database =>
  Object.assign(Object.create(db) as Database, {
    transaction: ((work, options) =>
      db.transaction(async (transaction) => {
        if (user !== null)
          await transaction.query("select set_config('meander.on_behalf_of', $1, true)", [user])
        return work(transaction)
      }, options)) satisfies Database['transaction'],
  })
