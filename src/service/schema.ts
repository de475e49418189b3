import { MeanderError } from '../errors.ts'
import type { BlocklistMode } from '../postgres/blocklist.ts'
import { schemaVersion } from '../postgres/identity.ts'
import { type MigrateResult, migrate } from '../postgres/migrate.ts'
import { newestVersion } from '../postgres/schema-files.ts'
import { readStatus, type SchemaStatus } from '../postgres/schema-status.ts'
import type { Stores } from './stores.ts'

export type { BlocklistMode, MigrateResult, SchemaStatus }

/** The schema itself: an administrator's business, but for the check that it fits this tool. */
export class Schema {
  readonly #stores: Stores

  constructor(stores: Stores) {
    this.#stores = stores
  }

  async status(): Promise<SchemaStatus> {
    return readStatus(await this.#stores.database())
  }

  async migrate(options: Parameters<typeof migrate>[1]): Promise<MigrateResult> {
    return migrate(await this.#stores.database(), options)
  }

  /** @throws MeanderError FAILED for a schema that is older or newer than this tool, or none. */
  async check(): Promise<void> {
    const [installed, known] = [await schemaVersion(await this.#stores.database()), await newestVersion()]
    if (installed !== null && installed > known) {
      throw new MeanderError(
        'FAILED',
        `The database has schema version ${installed}, this meanderctl knows ${known}.`,
        {
          hint: 'Install a newer meanderctl.',
        },
      )
    }
    if (installed === null || installed < known) {
      throw new MeanderError(
        'FAILED',
        `The database has schema version ${installed ?? 0}, this meanderctl needs ${known}.`,
        {
          hint: 'An administrator runs: meanderctl db migrate',
        },
      )
    }
  }
}
