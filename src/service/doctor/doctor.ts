import { MeanderError } from '../../errors.ts'
import type { Database } from '../../postgres/database.ts'
import { whoami } from '../../postgres/identity.ts'
import type { Blocklist } from '../blocklist/blocklist.ts'
import type { Stores } from '../stores.ts'
import { blocklist, redis } from './blocklist.ts'
import {
  type Check,
  type CheckState,
  type Examination,
  type Patient,
  runAll,
  type Setup,
  Unmade,
} from './check.ts'
import { connection, server } from './connection.ts'
import { files } from './files.ts'
import { functions, guards, tables } from './objects.ts'
import { record } from './record.ts'
import { operators, roles } from './roles.ts'
import { drift, notInstalled, version } from './schema.ts'

export type { Check, CheckState, Setup }

/** In the order in which they are told: the way there, what is there, what could get past it, what else counts. */
const examinations: readonly Examination[] = [
  connection,
  server,
  version,
  drift,
  functions,
  tables,
  guards,
  roles,
  operators,
  blocklist,
  redis,
  record,
  files,
]

export interface DoctorResult {
  readonly summary: Readonly<Record<'ok' | 'warnings' | 'findings' | 'notChecked', number>>
  readonly items: readonly Check[]
  /** Every setting in force and who said so, secrets masked. */
  readonly settings: Setup['settings']
}

/** Whether everything is as it has to be, as far as this login can see. Changes nothing. */
export class Doctor {
  readonly #stores: Stores
  readonly #blocklist: Blocklist

  constructor(stores: Stores, ownBlocklist: Blocklist) {
    this.#stores = stores
    this.#blocklist = ownBlocklist
  }

  /** @throws MeanderError USAGE where no database is configured. */
  async examine(setup: Setup, now: () => Date): Promise<DoctorResult> {
    const patient = this.#patient(setup, now)
    // What nobody could examine is no finding.
    await patient.connectFailure()
    const items = await runAll(examinations, patient)
    const count = (state: CheckState) => items.filter((one) => one.state === state).length
    return {
      summary: {
        ok: count('ok'),
        warnings: count('warning'),
        findings: count('finding'),
        notChecked: count('not checked'),
      },
      items,
      settings: setup.settings,
    }
  }

  #patient(setup: Setup, now: () => Date): Patient {
    const opening = once(() =>
      this.#stores.database().catch((error: unknown) => {
        // No database is configured, or somebody pressed Ctrl-C: that is not a patient.
        if (!(error instanceof MeanderError) || ['USAGE', 'INTERRUPTED'].includes(error.code)) throw error
        return error
      }),
    )
    const database = async (): Promise<Database> => {
      const opened = await opening()
      if (opened instanceof MeanderError) throw new Unmade('PostgreSQL cannot be reached')
      return opened
    }
    return {
      setup,
      now,
      connectFailure: async () => {
        const opened = await opening()
        return opened instanceof MeanderError ? opened : null
      },
      database,
      identity: once(async () => {
        const db = await database()
        return whoami(db).catch((error: unknown) => {
          if (error instanceof MeanderError && error.code === 'UNAUTHENTICATED') return null
          throw installed(error)
        })
      }),
      blocklist: once(async () => {
        await database()
        return this.#blocklist.status().catch((error: unknown) => {
          throw installed(error)
        })
      }),
      redis: once(async () => (await this.#stores.blocklist())?.health() ?? null),
    }
  }
}

/** A schema that is not there is one finding, and no other check's. */
const installed = (error: unknown): unknown =>
  error instanceof MeanderError && notInstalled.includes(error.sqlState ?? '')
    ? new Unmade('the schema is not installed')
    : error

const once = <T>(fetch: () => Promise<T>): (() => Promise<T>) => {
  let fetched: Promise<T> | undefined
  return () => {
    fetched ??= fetch()
    return fetched
  }
}
