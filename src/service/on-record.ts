import { MeanderError } from '../errors.ts'
import type { Database } from '../postgres/database.ts'
import { type Intent, recordIntent } from '../postgres/intents.ts'

/** Why a command reads or acts, for the organization's record. */
export interface Purpose {
  readonly reason: string
  readonly ticket: string | null
}

/**
 * Runs a call that a global admin may make only once it is on the organizations' record. Everybody else's runs
 * as it is, without a further round trip: the database says when an intent is missing, and has read nothing then.
 * @param organizations slugs or ids that the call touches; null is every one with a live grant.
 */
export const onRecord = async <T>(
  db: Database,
  call: Pick<Intent, 'function' | 'arguments'> & { readonly organizations: readonly string[] | null },
  purpose: Purpose,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof MeanderError) || error.sqlState !== 'MC428') throw error
  }
  await db.transaction(async (transaction) => {
    for (const organization of call.organizations ?? [null]) {
      await recordIntent(transaction, {
        function: call.function,
        arguments: call.arguments,
        organization,
        ...purpose,
      })
    }
  })
  return work()
}
