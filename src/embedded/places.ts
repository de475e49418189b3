import { join } from 'node:path'

/** Where the store is in the person's data folder. */
export const storeOf = (folder: string): string => join(folder, 'demo')

/** Beside the store, since making it anew replaces the whole folder. */
export const lockOf = (folder: string): string => join(folder, 'demo.lock')
