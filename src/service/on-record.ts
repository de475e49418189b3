import { createHash } from 'node:crypto'
import { MeanderError } from '../errors.ts'
import type { Database } from '../postgres/database.ts'
import { callsOnRecord } from '../postgres/identity.ts'
import { type Intent, recordIntent } from '../postgres/intents.ts'

/** Why a command reads or acts, for the organization's record. */
export interface Purpose {
  readonly reason: string
  readonly ticket: string | null
}

/** A call, and the organizations that it touches: slugs or ids, null for every one with a live grant, none for the own sessions. */
type Call = Pick<Intent, 'function' | 'arguments'> & {
  readonly organizations: readonly string[] | null
  /** A page after the first: the intent of the first serves it. */
  readonly continued?: boolean
}

/** What this process has put on record over each connection, by digest: the pages of a listing are one call. */
const recorded = new WeakMap<Database, { readonly needed: boolean; readonly calls: Map<string, number> }>()

/** An intent serves for 15 minutes; a call that goes on says so anew before it ends, so that no page is cut by it. */
const renewAfterMs = 10 * 60_000

/**
 * Runs a call that a global admin may make only once it is on the organizations' record, with the reason of this
 * very command: an intent of an earlier one may still serve the database, but says another reason.
 */
export const onRecord = async <T>(
  db: Database,
  call: Call,
  purpose: Purpose,
  work: () => Promise<T>,
): Promise<T> => {
  if (call.organizations?.length === 0) return work()
  let known = recorded.get(db)
  if (!known) {
    known = { needed: await callsOnRecord(db), calls: new Map() }
    recorded.set(db, known)
  }
  if (!known.needed) return work()

  const digest = createHash('sha256')
    .update(JSON.stringify([call.function, call.arguments]))
    .digest('base64')
  const before = known.calls.get(digest)
  const current = before === undefined ? call.continued : performance.now() - before < renewAfterMs
  if (!current) await record(db, call, purpose)
  if (before === undefined || !current) known.calls.set(digest, performance.now())
  try {
    return await work()
  } catch (error) {
    // A listing that took longer than an intent serves.
    if (!(error instanceof MeanderError) || error.sqlState !== 'MC428') throw error
  }
  await record(db, call, purpose)
  known.calls.set(digest, performance.now())
  return work()
}

const record = (db: Database, call: Call, purpose: Purpose): Promise<void> =>
  db.transaction(async (transaction) => {
    for (const organization of call.organizations ?? [null]) {
      await recordIntent(transaction, {
        function: call.function,
        arguments: call.arguments,
        organization,
        ...purpose,
      })
    }
  })
