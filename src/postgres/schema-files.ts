import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { sqlFolder } from './sql-folder.ts'

/** One of the tool's own files of SQL. */
export interface SqlFile {
  /** Path below the folder of the SQL: `functions/sessions/list_sessions.sql`. */
  readonly path: string
  readonly text: string
  readonly sha256: string
}

/** Applied once, in the order of the versions. */
export interface Migration extends SqlFile {
  readonly version: number
}

/** One file, by its path below the folder of the SQL. */
export const readSql = async (path: string): Promise<SqlFile> => {
  const text = await readFile(new URL(path, sqlFolder()), 'utf8')
  return { path, text, sha256: createHash('sha256').update(text).digest('hex') }
}

const listSql = async (folder: string): Promise<string[]> => {
  const entries = await readdir(new URL(`${folder}/`, sqlFolder()), { recursive: true })
  return entries
    .filter((name) => name.endsWith('.sql'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort()
}

/** The migrations of this tool, oldest first: each is applied once. */
export const readMigrations = async (): Promise<Migration[]> =>
  Promise.all(
    (await listSql('migrations')).map(async (path) => ({
      ...(await readSql(path)),
      version: Number(/(\d+)_[^/]*$/.exec(path)?.[1]),
    })),
  )

/** Functions, views over them, then access: each is applied anew when its text changes. */
export const readPresentFiles = async (): Promise<SqlFile[]> =>
  Promise.all([...(await listSql('functions')), ...(await listSql('views')), 'access.sql'].map(readSql))

/** The number of the newest migration that this tool brings. */
export const newestVersion = async (): Promise<number> => {
  const names = await listSql('migrations')
  return Math.max(...names.map((path) => Number(/(\d+)_[^/]*$/.exec(path)?.[1])))
}

/** What a file makes: the name without folder and ending. */
export const functionName = (path: string): string => /([^/]+)\.sql$/.exec(path)?.[1] ?? ''
