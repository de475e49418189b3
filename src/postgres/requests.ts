import { callValue } from './call.ts'
import type { Database, Queryable, TransactionOptions } from './database.ts'

/** A command that may be repeated under one id. */
export interface Request {
  readonly id: string
  readonly command: string
  readonly arguments: object
}

/** @see functions/requests/recall_result.sql */
export const recallResult = <R>(db: Queryable, request: Request): Promise<R | null> =>
  callValue(db, 'recall_result', {
    p_request_id: request.id,
    p_command: request.command,
    p_arguments: request.arguments,
  })

/** @see functions/requests/remember_result.sql */
export const rememberResult = <R>(db: Queryable, request: Request, result: R): Promise<R | null> =>
  callValue(db, 'remember_result', {
    p_request_id: request.id,
    p_command: request.command,
    p_arguments: request.arguments,
    p_result: result,
  })

/** How a transaction that stores a result under this request is known again when a failover leaves its number in doubt. */
export const knownBy = (request: Request | null): Pick<TransactionOptions, 'isThere'> =>
  request ? { isThere: async (db) => (await recallResult(db, request)) !== null } : {}

/** Stores the result of a command that took several transactions. */
export const rememberAfterwards = async (db: Database, request: Request, result: object): Promise<void> => {
  await db.transaction((transaction) => rememberResult(transaction, request, result), knownBy(request))
}
