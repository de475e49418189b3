import { MeanderError } from '../errors.ts'
import { isRefusal, type Refusal, unlessRefused } from '../postgres/call.ts'
import type { Database, Queryable } from '../postgres/database.ts'
import { knownBy, type Request, recallResult, rememberResult } from '../postgres/requests.ts'

/** How often an act is done, and whether at all. */
export interface Once {
  readonly dryRun: boolean
  /** A repeat with the same id and arguments returns the first result. */
  readonly request: Request | null
}

/** An act in one transaction, its result stored under the request id beside it. @throws MeanderError when refused. */
export const once = async <T extends object>(
  db: Database,
  { dryRun, request }: Once,
  act: (transaction: Queryable) => Promise<T | Refusal>,
): Promise<T> => {
  const done = await db.transaction(
    async (transaction) => {
      const result = await act(transaction)
      if (isRefusal(result) || dryRun || !request) return result
      return (await rememberResult<T>(transaction, request, result as T)) === null ? result : null
    },
    {
      rollback: (result: T | Refusal | null) => result === null || (dryRun && !isRefusal(result)),
      ...knownBy(request),
    },
  )
  // Another process of this login was first with the same request id: its result is the answer.
  const first = done ?? (request && (await recallResult<T>(db, request)))
  if (!first) throw new MeanderError('FAILED', 'The result of this request id has vanished.')
  return unlessRefused(first)
}
