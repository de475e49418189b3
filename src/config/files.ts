import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MeanderError, problemOfFile } from '../errors.ts'

/** The text of a file that a setting names. @throws MeanderError USAGE that names both. */
export const readNamed = (path: string, name: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new MeanderError('USAGE', `${name} names ${path}, which cannot be read: ${problemOfFile(error)}`, {
      cause: error,
    })
  }
}

/** Whether there is such a file. */
export const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false

/** psql passes over a secret that others could read, with a warning; here it is an error, or nobody would know why. */
export const refuseOpenToOthers = (path: string, name: string): void => {
  if (process.platform === 'win32') return
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new MeanderError('USAGE', `${name} ${path} can be read by others than its owner`, {
      hint: `chmod 600 ${path}`,
    })
  }
}

/** `~/x` as a shell would read it: in a profile no shell does. */
export const expandHome = (path: string, home: string): string =>
  path.startsWith('~/') ? join(home, path.slice(2)) : path
