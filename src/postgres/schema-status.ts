import type { BlocklistMode } from './blocklist.ts'
import type { Queryable } from './database.ts'
import { readMigrations, readPresentFiles, readSql } from './schema-files.ts'

/** How an object of the schema differs from what the last migration left. */
export interface SchemaDrift {
  readonly kind: string
  readonly name: string
  readonly change: 'altered' | 'added' | 'missing'
}

/** What is applied, what is not yet, and what somebody changed by hand. */
export interface SchemaStatus {
  readonly installed: boolean
  /** Newest applied migration; 0 before the first. */
  readonly version: number
  /** Newest migration that this tool knows. */
  readonly toolVersion: number
  readonly applied: readonly { version: number; name: string; appliedAt: string; appliedBy: string }[]
  /** Paths of migrations, functions and access rules that `db migrate` would apply. */
  readonly pending: readonly string[]
  readonly drift: readonly SchemaDrift[]
  readonly blocklistMode: BlocklistMode | null
}

const isInstalled = async (db: Queryable): Promise<boolean> => {
  const [row] = await db.query<{ installed: boolean }>(
    "select to_regclass('meander.migrations') is not null as installed",
  )
  return row?.installed === true
}

/** Every object of the schema as it is now, by kind and name. */
export const readObjects = async (
  db: Queryable,
): Promise<Map<string, { kind: string; name: string; fingerprint: string }>> => {
  const { text } = await readSql('objects.sql')
  const rows = await db.query<{ kind: string; name: string; fingerprint: string }>(text)
  return new Map(rows.map((row) => [`${row.kind} ${row.name}`, row]))
}

/** One difference with the fingerprints that the last migration left and that were found, null where there is none. */
export interface Difference {
  readonly drift: SchemaDrift
  readonly left: string | null
  readonly found: string | null
}

/** What differs from how the last migration left it. */
export const readDifferences = async (db: Queryable): Promise<Difference[]> => {
  const now = await readObjects(db)
  const objects = await db.query<{ kind: string; name: string; fingerprint: string }>(
    'select kind, name, fingerprint from meander.schema_objects order by kind, name',
  )
  const differences: Difference[] = []
  for (const { kind, name, fingerprint: left } of objects) {
    const found = now.get(`${kind} ${name}`)?.fingerprint ?? null
    const change = found === null ? 'missing' : 'altered'
    if (found !== left) differences.push({ drift: { kind, name, change }, left, found })
    now.delete(`${kind} ${name}`)
  }
  for (const { kind, name, fingerprint: found } of now.values())
    differences.push({ drift: { kind, name, change: 'added' }, left: null, found })
  return differences
}

/**
 * What `db status` shows. Reads the books, so an administrator's login is needed.
 * @throws MeanderError UNAUTHENTICATED for a login that may not read them.
 */
export const readStatus = async (db: Queryable): Promise<SchemaStatus> => {
  const migrations = await readMigrations()
  const files = await readPresentFiles()
  const toolVersion = Math.max(...migrations.map(({ version }) => version))
  if (!(await isInstalled(db))) {
    const pending = [...migrations, ...files].map(({ path }) => path)
    return { installed: false, version: 0, toolVersion, applied: [], pending, drift: [], blocklistMode: null }
  }
  const applied = await db.query<{
    version: number
    name: string
    sha256: string
    applied_at: string
    applied_by: string
  }>('select version, name, sha256, applied_at, applied_by from meander.migrations order by version')
  const known = new Map(
    (await db.query<{ path: string; sha256: string }>('select path, sha256 from meander.schema_files')).map(
      (row) => [row.path, row.sha256],
    ),
  )
  const [installation] = await db.query<{ blocklist_mode: BlocklistMode }>(
    'select blocklist_mode from meander.installation',
  )
  const changedFiles: SchemaDrift[] = applied
    .filter(({ version, sha256 }) => migrations.some((m) => m.version === version && m.sha256 !== sha256))
    .map(({ name }) => ({ kind: 'migration', name, change: 'altered' }))
  return {
    installed: true,
    version: applied.at(-1)?.version ?? 0,
    toolVersion,
    applied: applied.map((row) => ({
      version: row.version,
      name: row.name,
      appliedAt: row.applied_at,
      appliedBy: row.applied_by,
    })),
    pending: [
      ...migrations.filter(({ version }) => !applied.some((row) => row.version === version)),
      ...files.filter(({ path, sha256 }) => known.get(path) !== sha256),
    ].map(({ path }) => path),
    drift: [...changedFiles, ...(await readDifferences(db)).map(({ drift }) => drift)],
    blocklistMode: installation?.blocklist_mode ?? null,
  }
}
