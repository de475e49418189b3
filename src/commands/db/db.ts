import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { registerMigrate } from './migrate.ts'
import { registerStatus } from './status.ts'

export const registerDb = (db: Command, context: Context): void => {
  registerMigrate(db, context)
  registerStatus(db, context)
}
