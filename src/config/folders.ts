import { homedir } from 'node:os'
import { join } from 'node:path'
import envPaths from 'env-paths'
import type { Environment } from './environment.ts'

/** Where the operator's own files begin. */
export const homeOf = (env: Environment): string => env.HOME || homedir()

// The variables of the XDG specification count on every system; without them each system has its own place.
const folder = (kind: 'config' | 'data', named: string | undefined): string =>
  named ? join(named, 'meanderctl') : envPaths('meanderctl', { suffix: '' })[kind]

/** The profiles. */
export const configFile = (env: Environment): string =>
  join(folder('config', env.XDG_CONFIG_HOME), 'config.json')

/** What the tool keeps for this person: the embedded store. */
export const dataFolder = (env: Environment): string => folder('data', env.XDG_DATA_HOME)
