import { MeanderError } from '../errors.ts'
import { type ServerSettings, serverSettings } from './database-settings.ts'
import type { Environment } from './environment.ts'
import { expand } from './expand.ts'
import { homeOf } from './folders.ts'
import { type RedisSettings, redisSettings } from './redis-settings.ts'
import { layerOf } from './variables.ts'

/**
 * The stores that a program names outright, by the variables of the command line. No file of profiles and no env file
 * is read: those are a person's. @throws MeanderError USAGE that says what to set.
 */
export const givenSettings = (
  variables: Environment,
): { readonly database: ServerSettings; readonly redis: RedisSettings | null } => {
  const home = homeOf(variables)
  const values = expand(layerOf('environment', variables), home)
  const database = serverSettings(values, home)
  if (database) return { database, redis: redisSettings(values, home) }
  throw new MeanderError('USAGE', 'No database is configured', {
    hint: 'Give database: a URL, or env with DATABASE_URL, or with PGHOST and the other variables of psql',
  })
}
