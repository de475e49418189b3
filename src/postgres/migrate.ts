import { createHash } from 'node:crypto'
import { MeanderError } from '../errors.ts'
import type { BlocklistMode } from './blocklist.ts'
import type { Database, Queryable } from './database.ts'
import { missingSignalRoles } from './inspection/roles.ts'
import { functionName, readMigrations, readPresentFiles, readSql, type SqlFile } from './schema-files.ts'
import { type Difference, readDifferences, readObjects } from './schema-status.ts'

/** The overloads of a function that exist now, as `meander.name(arguments)`. */
const signatures = async (db: Queryable, name: string): Promise<string[]> =>
  (
    await db.query<{ signature: string }>(
      `select p.oid::regprocedure::text as signature from pg_proc p
       where p.pronamespace = 'meander'::regnamespace and p.proname = $1`,
      [name],
    )
  ).map(({ signature }) => signature)

/** The statements that take every privilege on a function back, but its owner's. */
const grantsOf = async (db: Queryable, name: string): Promise<string[]> =>
  (
    await db.query<{ statement: string }>(
      `select format('revoke all on function %s from %s', p.oid::regprocedure,
         case a.grantee when 0 then 'public' else a.grantee::regrole::text end) as statement
       from pg_proc p
       cross join aclexplode(p.proacl) as a
       where p.pronamespace = 'meander'::regnamespace and p.proname = $1 and a.grantee <> p.proowner`,
      [name],
    )
  ).map(({ statement }) => statement)

/** Another return type or other parameter names (42P13), or an overload beside the old one (42725). */
const signatureChanged = ['42P13', '42725']

/**
 * Creates or replaces one function. Its old privileges go first, or a role that the file no longer names would
 * keep its own; where the signature changed, the old function goes too, with the policies and views over it, which
 * are applied anew after the functions.
 */
const applyFunction = async (db: Queryable, file: SqlFile): Promise<void> => {
  const before = await signatures(db, functionName(file.path))
  for (const statement of await grantsOf(db, functionName(file.path))) await db.query(statement)
  await db.query('savepoint before_function')
  try {
    await db.query(file.text)
  } catch (error) {
    if (!signatureChanged.includes((error as { code?: string }).code ?? '')) throw error
    await db.query('rollback to savepoint before_function')
    for (const signature of before) await db.query(`drop function ${signature} cascade`)
    await db.query(file.text)
  }
}

export interface MigrateResult {
  readonly applied: readonly string[]
  readonly version: number
  readonly blocklistMode: BlocklistMode
  /** Statements that only somebody with more rights can run, for what would otherwise be missing. */
  readonly missing: readonly string[]
}

/**
 * Brings the schema to what this tool knows: everything in one transaction, under a lock, or nothing.
 * `dryRun` does the same and rolls back.
 * @throws MeanderError USAGE for a schema that is newer than this tool.
 */
export const migrate = async (
  db: Database,
  options: {
    readonly toolVersion: string
    /** Given: recorded. Left out: kept, or at the first migration `defaultMode`. */
    readonly mode: BlocklistMode | undefined
    readonly defaultMode: BlocklistMode
    readonly dryRun: boolean
  },
): Promise<MigrateResult> => {
  const migrations = await readMigrations()
  const files = await readPresentFiles()
  const roles = await readSql('roles.sql')
  const books = await readSql('books.sql')
  const endRoles = await readSql('end_roles.sql')

  return db.transaction(
    async (tx) => {
      await tx.query('set local check_function_bodies = off')
      await tx.query('set local lock_timeout = 0')
      await tx.query(roles.text)
      await tx.query(books.text)
      const done = await tx.query<{ version: number }>(
        'select version from meander.migrations order by version',
      )
      const newest = done.at(-1)?.version ?? 0
      const version = Math.max(...migrations.map(({ version }) => version))
      if (newest > version) {
        throw new MeanderError(
          'USAGE',
          `The database has schema version ${newest}, which this meanderctl does not know.`,
          {
            hint: 'Install a newer meanderctl.',
          },
        )
      }
      const measure = await readMeasure(tx)
      const differences = measure.same ? await readDifferences(tx) : []
      const applied: string[] = []
      for (const migration of migrations) {
        if (done.some(({ version }) => version === migration.version)) continue
        // Under forced row level security the owner is blind: a data step would change 0 rows without a word.
        await tx.query('set local row_security = off')
        await tx.query('set local role meander_owner')
        await tx.query(migration.text)
        await tx.query('reset role')
        await tx.query('set local row_security = on')
        await tx.query(
          'insert into meander.migrations (version, name, sha256, tool_version) values ($1, $2, $3, $4)',
          [migration.version, functionName(migration.path), migration.sha256, options.toolVersion],
        )
        applied.push(migration.path)
      }
      applied.push(...(await applyPresentFiles(tx, files, applied.length > 0 || differences.length > 0)))
      const priorMode = await currentMode(tx)
      const blocklistMode = await recordMode(tx, options.mode, options.defaultMode)
      if (applied.length > 0 || blocklistMode !== priorMode) {
        await tx.query('set local role meander_owner')
        await tx.query('select meander.record_migration($1, $2, $3, $4, $5)', [
          newest || null,
          version,
          priorMode ?? null,
          applied.length,
          options.toolVersion,
        ])
        await tx.query('reset role')
      }
      const missing = await grantSignal(tx)
      await tx.query('revoke execute on all functions in schema meander from public')
      await tx.query(endRoles.text)
      await writeObjects(tx, measure.now, differences)
      return { applied, version, blocklistMode, missing }
    },
    { rollback: options.dryRun },
  )
}

const applyPresentFiles = async (
  tx: Queryable,
  files: readonly SqlFile[],
  everything: boolean,
): Promise<string[]> => {
  const known = new Map(
    (await tx.query<{ path: string; sha256: string }>('select path, sha256 from meander.schema_files')).map(
      (row) => [row.path, row.sha256],
    ),
  )
  for (const path of known.keys()) {
    if (path === 'objects.sql' || files.some((file) => file.path === path)) continue
    for (const signature of await signatures(tx, functionName(path)))
      await tx.query(`drop function ${signature} cascade`)
    await tx.query('delete from meander.schema_files where path = $1', [path])
  }
  const changed = files.filter(({ path, sha256 }) => everything || known.get(path) !== sha256)
  if (changed.length === 0) return []
  for (const file of files) {
    // Views and access stand on the functions, and are applied after them whatever changed.
    if (!file.path.startsWith('functions/')) await tx.query(file.text)
    else if (changed.includes(file)) await applyFunction(tx, file)
  }
  for (const { path, sha256 } of changed) await noteFile(tx, path, sha256)
  return changed.map(({ path }) => path)
}

const noteFile = async (tx: Queryable, path: string, sha256: string): Promise<void> => {
  await tx.query(
    `insert into meander.schema_files (path, sha256) values ($1, $2)
     on conflict (path) do update set sha256 = excluded.sha256, applied_at = clock_timestamp()`,
    [path, sha256],
  )
}

/**
 * How fingerprints are taken: by our statement, in the words of this major version of PostgreSQL. Those that were
 * taken otherwise, or never, say nothing about changes by hand.
 */
const readMeasure = async (tx: Queryable): Promise<{ now: string; same: boolean }> => {
  const { text } = await readSql('objects.sql')
  const [row] = await tx.query<{ major: number; left: string | null }>(
    `select current_setting('server_version_num')::integer / 10000 as major,
       (select sha256 from meander.schema_files where path = 'objects.sql') as left`,
  )
  const now = createHash('sha256').update(`${row?.major} ${text}`).digest('hex')
  return { now, same: row?.left === now }
}

const recordMode = async (
  tx: Queryable,
  mode: BlocklistMode | undefined,
  initial: BlocklistMode,
): Promise<BlocklistMode> => {
  const [row] = await tx.query<{ blocklist_mode: BlocklistMode }>(
    `insert into meander.installation (blocklist_mode) values ($1)
     on conflict (only_row) do update set blocklist_mode = $2 returning blocklist_mode`,
    [mode ?? initial, mode ?? (await currentMode(tx)) ?? initial],
  )
  return row?.blocklist_mode ?? initial
}

const currentMode = async (tx: Queryable): Promise<BlocklistMode | undefined> =>
  (await tx.query<{ blocklist_mode: BlocklistMode }>('select blocklist_mode from meander.installation'))[0]
    ?.blocklist_mode

/** On 16 and newer only somebody with ADMIN on these roles can grant them: said, not failed. */
const grantSignal = async (tx: Queryable): Promise<string[]> => {
  const missing = await missingSignalRoles(tx)
  if (missing.length === 0) return []
  const statement = `grant ${missing.join(', ')} to meander_signal`
  await tx.query('savepoint before_signal')
  try {
    await tx.query(statement)
    return []
  } catch {
    await tx.query('rollback to savepoint before_signal')
    return [statement]
  }
}

/** Notes how the schema looks now; what was changed by hand and is still so stays as it was left, and is found again. */
const writeObjects = async (
  tx: Queryable,
  measure: string,
  differences: readonly Difference[],
): Promise<void> => {
  const now = await readObjects(tx)
  for (const { drift, left, found } of differences) {
    const key = `${drift.kind} ${drift.name}`
    if ((now.get(key)?.fingerprint ?? null) !== found) continue
    if (left === null) now.delete(key)
    else now.set(key, { kind: drift.kind, name: drift.name, fingerprint: left })
  }
  const objects = [...now.values()]
  await noteFile(tx, 'objects.sql', measure)
  await tx.query('delete from meander.schema_objects')
  await tx.query(
    `insert into meander.schema_objects (kind, name, fingerprint)
     select kind, name, fingerprint from unnest($1::text[], $2::text[], $3::text[]) as o (kind, name, fingerprint)`,
    [
      objects.map(({ kind }) => kind),
      objects.map(({ name }) => name),
      objects.map(({ fingerprint }) => fingerprint),
    ],
  )
}
