import { callRows, callValue } from './call.ts'
import type { Queryable } from './database.ts'

/** Which database something was read from. */
export interface DatabaseIdentity {
  /** Made with the installation; stays through a dump and restore. */
  readonly id: string
  /** The cluster's; null where it could not be read. */
  readonly systemIdentifier: string | null
}

/** Where one organization's chain ended. */
export interface ChainHead {
  readonly organizationId: string
  readonly organization: string
  readonly seq: number
  /** Hex. */
  readonly hash: string
}

/** @see functions/reach/database_identity.sql */
export const databaseIdentity = (db: Queryable): Promise<DatabaseIdentity> =>
  callValue(db, 'database_identity', {})

/** @see functions/audit/checkpoint_audit.sql */
export const checkpointAudit = (
  db: Queryable,
  checkpoint: { organization: string | null; keyId: string; reason: string; ticket: string | null },
): Promise<{ database: DatabaseIdentity; at: string; heads: ChainHead[] }> =>
  callValue(db, 'checkpoint_audit', {
    p_organization: checkpoint.organization,
    p_key_id: checkpoint.keyId,
    p_reason: checkpoint.reason,
    p_ticket: checkpoint.ticket,
  })

/** When an organization's record was last checkpointed; nulls: never. */
export interface LastCheckpoint {
  readonly organization: string
  readonly organizationId: string
  readonly seq: number | null
  readonly at: string | null
  readonly keyId: string | null
  /** Where the record ends now. */
  readonly headSeq: number
}

/** @see functions/audit/last_checkpoints.sql */
export const lastCheckpoints = (db: Queryable): Promise<LastCheckpoint[]> =>
  callRows(db, 'last_checkpoints', {})
