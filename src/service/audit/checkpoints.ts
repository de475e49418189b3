import { checkpointAudit, type LastCheckpoint, lastCheckpoints } from '../../postgres/checkpoints.ts'
import { onRecord, type Purpose } from '../on-record.ts'
import type { Stores } from '../stores.ts'
import { type Checkpoint, signedBytes } from './checkpoint-file.ts'
import type { SigningKey } from './signing-key.ts'

export type { Checkpoint, LastCheckpoint }

/** Signed heads of the record, to be kept where nobody who can write to the database can. */
export class Checkpoints {
  readonly #stores: Stores

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /**
   * One signed checkpoint of one organization, or of all within reach; that it was taken is on their record.
   * null when there is none within reach.
   */
  async take(
    organization: string | null,
    key: SigningKey,
    purpose: Purpose,
    toolVersion: string,
  ): Promise<Checkpoint | null> {
    const db = await this.#stores.database()
    const call = {
      function: 'checkpoint_audit',
      arguments: organization === null ? {} : { organization },
      organizations: organization === null ? null : [organization],
    }
    const { database, at, heads } = await onRecord(db, call, purpose, () =>
      db.transaction((transaction) =>
        checkpointAudit(transaction, { organization, keyId: key.keyId, ...purpose }),
      ),
    )
    if (heads.length === 0) return null
    const unsigned = {
      schemaVersion: 1 as const,
      kind: 'Checkpoint' as const,
      at,
      toolVersion,
      database,
      heads: heads.map(({ organizationId, organization, seq, hash }) => ({
        organizationId,
        organization,
        seq,
        hash,
      })),
      keyId: key.keyId,
    }
    return { ...unsigned, signature: key.sign(signedBytes(unsigned)) }
  }

  /** When each organization's record within reach was last checkpointed: for `doctor`. */
  async last(purpose: Purpose): Promise<LastCheckpoint[]> {
    const db = await this.#stores.database()
    const call = { function: 'last_checkpoints', arguments: {}, organizations: null }
    return onRecord(db, call, purpose, () => lastCheckpoints(db))
  }
}
