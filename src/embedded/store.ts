import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { type LockOptions, lock } from '../config/lock.ts'
import { migrate } from '../postgres/migrate.ts'
import { startEngine } from './pglite.ts'
import { lockOf, storeOf } from './places.ts'
import { seed } from './seed.ts'

export interface CreateOptions extends LockOptions {
  /** The person's data folder. */
  readonly folder: string
  readonly toolVersion: string
}

/**
 * Makes the demo's store if there is none, or only what an interrupted run left; says whether it did.
 * @throws MeanderError FAILED when another process keeps it.
 */
export const createStore = async ({ folder, toolVersion, ...options }: CreateOptions): Promise<boolean> => {
  const release = await lock(lockOf(folder), options)
  try {
    const missing = !existsSync(storeOf(folder))
    if (missing) await create(storeOf(folder), toolVersion)
    return missing
  } finally {
    release()
  }
}

/** Throws the store away and makes a new one. @throws MeanderError FAILED when another process keeps it. */
export const resetStore = async ({ folder, toolVersion, ...options }: CreateOptions): Promise<void> => {
  const release = await lock(lockOf(folder), options)
  try {
    rmSync(storeOf(folder), { recursive: true, force: true })
    await create(storeOf(folder), toolVersion)
  } finally {
    release()
  }
}

/** Migrated, filled and closed under another name, then renamed: what has the right name is whole. */
const create = async (store: string, toolVersion: string): Promise<void> => {
  const unfinished = `${store}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { mode: 0o700 })
  const db = await startEngine(unfinished)
  try {
    // No Redis is near: the platform of the demo asks the database.
    await migrate(db, { toolVersion, mode: 'database', defaultMode: 'database', dryRun: false })
    await seed(db)
  } finally {
    await db.close()
  }
  renameSync(unfinished, store)
}
