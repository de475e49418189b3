import { existsSync } from 'node:fs'
import { type LockOptions, lock } from '../config/lock.ts'
import { MeanderError } from '../errors.ts'
import type { Database } from '../postgres/database.ts'
import { type EmbeddedDatabase, startEngine } from './pglite.ts'
import { lockOf, storeOf } from './places.ts'

/**
 * The demo's store as one login sees it: what `--profile demo` means. `folder` is the person's data folder.
 * @throws MeanderError USAGE when there is no store yet, FAILED when another process keeps it,
 *   UNAUTHENTICATED for a login that does not exist.
 */
export const openEmbedded = async ({
  folder,
  login,
  ...options
}: LockOptions & { readonly folder: string; readonly login: string }): Promise<Database> => {
  const store = storeOf(folder)
  const release = await lock(lockOf(folder), options)
  let opened: EmbeddedDatabase | undefined
  try {
    if (!existsSync(store)) {
      throw new MeanderError('USAGE', 'There is no demo on this machine yet', {
        hint: 'Make it: meanderctl demo',
      })
    }
    opened = await startEngine(store, release)
    return await opened.as(login)
  } catch (error) {
    await (opened?.close() ?? release())
    throw error
  }
}

/** The same open store as another login. @throws MeanderError UNAUTHENTICATED for one that does not exist. */
export const asLogin = (db: Database, login: string): Promise<Database> => (db as EmbeddedDatabase).as(login)
