import { callRows, callValue } from './call.ts'
import type { Queryable } from './database.ts'

/** A login registered for a platform user. */
export interface Operator {
  readonly login: string
  readonly state: 'enabled' | 'disabled' | 'unbound' | 'deactivated' | 'without rights'
  readonly role: string
  readonly userId: string
  readonly userEmail: string
  readonly organizationId: string | null
  readonly organization: string | null
  readonly createdAt: string
  readonly disabledAt: string | null
}

export interface OperatorChange {
  readonly outcome:
    | 'added'
    | 'rebound'
    | 'alreadyAdded'
    | 'enabled'
    | 'alreadyEnabled'
    | 'disabled'
    | 'alreadyDisabled'
    | 'removed'
  readonly operator: Operator
}

/** @see functions/operators/list_operators.sql */
export const listOperators = (db: Queryable): Promise<Operator[]> => callRows(db, 'list_operators', {})

/** @see functions/operators/add_operator.sql */
export const addOperator = (
  db: Queryable,
  operator: { login: string; user: string; role: 'auditor' | null },
): Promise<OperatorChange> =>
  callValue(db, 'add_operator', { p_login: operator.login, p_user: operator.user, p_role: operator.role })

/** @see functions/operators/enable_operator.sql */
export const enableOperator = (db: Queryable, login: string): Promise<OperatorChange> =>
  callValue(db, 'enable_operator', { p_login: login })

/** @see functions/operators/disable_operator.sql, remove_operator.sql */
export const endOperator = (
  db: Queryable,
  verb: 'disable' | 'remove',
  act: { login: string; reason: string; ticket: string | null; requestId: string | null },
): Promise<OperatorChange> =>
  callValue(db, `${verb}_operator`, {
    p_login: act.login,
    p_reason: act.reason,
    p_ticket: act.ticket,
    p_request_id: act.requestId,
  })

/** How many connections a login has to this database; whose they are, every login may see. */
export const connectionsOf = async (db: Queryable, login: string): Promise<number> => {
  const [row] = await db.query<{ connections: number }>(
    `select count(*)::integer as connections from pg_catalog.pg_stat_activity
     where usename = $1 and datname = current_database() and pid <> pg_backend_pid()`,
    [login],
  )
  return row?.connections ?? 0
}

/** Ends the connections of a login; returns how many, null when it may not. @see functions/operators/terminate_login.sql */
export const terminateLogin = (db: Queryable, login: string): Promise<number | null> =>
  callValue(db, 'terminate_login', { p_login: login })
