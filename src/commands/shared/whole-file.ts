import { randomUUID } from 'node:crypto'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MeanderError } from '../../errors.ts'

/** A file in the making: whole under its name, or not there. */
export interface WholeFile {
  write(text: string): Promise<void>
  /** Synced and renamed into place. */
  finish(): Promise<void>
  /** Leaves nothing behind of what was not finished. */
  discard(): Promise<void>
}

/**
 * Begins `what` beside its final place, readable by its owner alone or by whoever the umask lets.
 * @throws MeanderError USAGE when it cannot be written there.
 */
export const beginFile = async (
  path: string,
  what: string,
  readers: 'owner' | 'everybody' = 'owner',
): Promise<WholeFile> => {
  const refuse = (error: Error): never => {
    throw new MeanderError('USAGE', `The ${what} ${path} cannot be written: ${error.message}.`, {
      cause: error,
    })
  }
  const target = await regular(path).catch(refuse)
  // Not the process id, which comes again in containers and would meet what a killed run left behind.
  const draft = join(dirname(target), `.${basename(target)}.${randomUUID()}.part`)
  const file = await open(draft, 'wx', readers === 'owner' ? 0o600 : 0o666).catch(refuse)
  let begun = true
  return {
    async write(text) {
      await file.appendFile(text)
    },
    async finish() {
      await file.sync()
      await file.close()
      await rename(draft, target)
      begun = false
    },
    async discard() {
      if (!begun) return
      await file.close().catch(() => {})
      await rm(draft, { force: true })
    },
  }
}

/** Where a link leads. A folder, a pipe or a device is refused: renaming onto it would fail late, or replace it. */
const regular = async (path: string): Promise<string> => {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (found === null) return path
  if (!found.isFile()) throw new Error('it is there and no regular file')
  return realpath(path)
}
