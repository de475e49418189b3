import { MeanderError } from '../../errors.ts'
import type { Queryable } from '../../postgres/database.ts'
import { schemaVersion } from '../../postgres/identity.ts'
import { newestVersion } from '../../postgres/schema-files.ts'
import { readStatus } from '../../postgres/schema-status.ts'
import { type Examination, finding, ok, Unmade, unless } from './check.ts'

/** What PostgreSQL says of a schema or a function that is not there. */
export const notInstalled = ['3F000', '42883', '42P01']

/** null where there is none. */
const installedVersion = async (db: Queryable): Promise<number | null> => {
  try {
    return await schemaVersion(db)
  } catch (error) {
    if (error instanceof MeanderError && notInstalled.includes(error.sqlState ?? '')) return null
    throw error
  }
}

/** Which schema is there. */
export const version: Examination = {
  expects: { 'schema version': 'the one that this tool knows' },
  examine: async (patient) => {
    const [installed, known] = [await installedVersion(await patient.database()), await newestVersion()]
    const verdict =
      installed === known
        ? ok(String(installed))
        : installed !== null && installed > known
          ? finding(`${installed}, newer than ${known}`, 'install a newer meanderctl')
          : finding(
              installed === null ? 'not installed' : `${installed}, older than ${known}`,
              'an administrator runs: meanderctl db migrate',
            )
    return { 'schema version': verdict }
  },
}

/** What the books of the migrations say: only an administrator may read them. */
export const drift: Examination = {
  expects: {
    'schema files': 'all applied',
    'schema drift': 'nothing changed since the last migration',
  },
  examine: async (patient) => {
    const status = await readStatus(await patient.database())
    if (!status.installed) throw new Unmade('the schema is not installed')
    return {
      'schema files': unless(status.pending, 'all applied', 'meanderctl db migrate'),
      'schema drift': unless(
        status.drift.map(({ kind, name, change }) => `${kind} ${name} ${change}`),
        'nothing',
        'see who changed it: meanderctl db status; then: meanderctl db migrate',
      ),
    }
  },
}
