import { MeanderError } from '../errors.ts'
import { type DatabaseSettings, serverSettings } from './database-settings.ts'
import type { Environment } from './environment.ts'
import { expandHome } from './files.ts'
import { dataFolder, homeOf } from './folders.ts'
import { readLayers, readLayersApart } from './layers.ts'
import { demoProfile } from './profiles.ts'
import { type RedisSettings, redisSettings } from './redis-settings.ts'
import { masked } from './secrets.ts'
import type { Layer, Setting, Source, VariableName } from './variables.ts'

/** The global options as they were typed; what was not typed is left out. */
export interface GlobalFlags {
  readonly output?: string
  readonly columns?: readonly string[]
  readonly profile?: string
  readonly envFile?: string
  /** Milliseconds. */
  readonly timeout?: number
  readonly color?: 'auto' | 'always' | 'never' | false
  /** `--no-pager`. */
  readonly pager?: boolean
  /** `--no-input`. */
  readonly input?: boolean
  readonly quiet?: boolean
  readonly debug?: boolean
}

export type ColorMode = 'auto' | 'always' | 'never'

export interface Settings {
  readonly profile: Setting<string | null>
  /** Whether the profile in use is marked as production. */
  readonly production: boolean
  readonly envFile: Setting<string | null>
  /** Which format is allowed depends on the command. */
  readonly output: Setting<string | null>
  readonly columns: Setting<readonly string[] | null>
  readonly organization: Setting<string | null>
  /** Longest time of one statement, in milliseconds; null is no limit. */
  readonly timeout: Setting<number | null>
  readonly color: Setting<ColorMode>
  /** The pager's command line; null with `--no-pager`. */
  readonly pager: Setting<string | null>
  readonly input: Setting<boolean>
  readonly accessible: Setting<boolean>
  readonly quiet: Setting<boolean>
  readonly debug: Setting<boolean>
  /** Where the private key of checkpoints is, or is to be made. */
  readonly signingKeyFile: string | null
  readonly database: DatabaseSettings | null
  readonly redis: RedisSettings | null
  /** Where the embedded store of this person is, used or not. */
  readonly demoFolder: string
  /** What was found outside, by variable, secrets masked. */
  readonly found: Layer
}

export interface LoadOptions {
  readonly flags?: GlobalFlags
  readonly env?: Environment
  /** For a command about the settings themselves: it names no store and has no profile, so that none can be wrong. */
  readonly apart?: boolean
}

/** flag > environment > env file > profile > default. @throws MeanderError USAGE for what cannot be meant. */
export const loadSettings = async ({
  flags = {},
  env = process.env,
  apart = false,
}: LoadOptions = {}): Promise<Settings> => {
  const { values, profile, production, envFile } = await (apart ? readLayersApart : readLayers)(env, flags)
  const home = homeOf(env)
  const demoFolder = dataFolder(env)
  const keyFile = values.MEANDERCTL_SIGNING_KEY_FILE?.value
  const dumb = env.TERM === 'dumb' ? plainTerminal : null
  const embedded = profile.value === demoProfile && !namesServerAbove(profile.source, values)
  return {
    profile,
    production,
    envFile,
    output: pick<string | null>('--output', flags.output, values.MEANDERCTL_OUTPUT, null),
    columns: pick<readonly string[] | null>('--columns', flags.columns, undefined, null),
    organization: pick<string | null>('MEANDERCTL_ORG', undefined, values.MEANDERCTL_ORG, null),
    timeout: pick<number | null>('--timeout', flags.timeout, undefined, null),
    color: colorOf(flags, values, dumb),
    pager:
      flags.pager === false
        ? flag('--no-pager', null)
        : pick<string | null>('PAGER', undefined, values.PAGER, 'less -FRX'),
    input: flags.input === false ? flag('--no-input', false) : fallback('--no-input', true),
    accessible: dumb ?? switchOf('MEANDERCTL_ACCESSIBLE', values),
    quiet: pick('--quiet', flags.quiet, undefined, false),
    debug: pick('--debug', flags.debug, undefined, false),
    signingKeyFile: keyFile === undefined ? null : expandHome(keyFile, home),
    database: embedded
      ? { kind: 'embedded', folder: demoFolder, user: values.PGUSER?.value ?? 'kari' }
      : apart
        ? null
        : serverSettings(values, home),
    // What happens in the embedded store is nobody's business outside: no token of it goes to a real Redis.
    redis: embedded || apart ? null : redisSettings(values, home),
    demoFolder,
    found: masked(values),
  }
}

/** The database of these settings. @throws MeanderError USAGE that says what to set. */
export const requireDatabase = (settings: Settings): DatabaseSettings => {
  if (settings.database) return settings.database
  throw new MeanderError('USAGE', 'No database is configured', {
    hint: 'Set DATABASE_URL, or PGHOST and the other variables of psql, or use a profile; to look around: meanderctl demo',
  })
}

const flag = <T>(name: string, value: T): Setting<T> => ({ value, source: 'flag', name })
const fallback = <T>(name: string, value: T): Setting<T> => ({ value, source: 'default', name })

const pick = <T>(name: string, typed: T | undefined, set: Setting<T> | undefined, usual: T): Setting<T> =>
  typed !== undefined ? flag(name, typed) : (set ?? fallback(name, usual))

const switchOf = (name: VariableName, values: Layer): Setting<boolean> => {
  const setting = values[name]
  return setting ? { ...setting, value: setting.value !== '0' } : fallback(name, false)
}

/** What cannot move its cursor gets append-only lines, as a screen reader does. */
const plainTerminal: Setting<true> = { value: true, source: 'environment', name: 'TERM' }

const colorOf = (flags: GlobalFlags, values: Layer, dumb: Setting<true> | null): Setting<ColorMode> => {
  if (flags.color === false) return flag('--no-color', 'never')
  if (flags.color) return flag('--color', flags.color)
  if (values.NO_COLOR) return { ...values.NO_COLOR, value: 'never' }
  const force = values.FORCE_COLOR
  if (force) return { ...force, value: /^(0|false)$/.test(force.value) ? 'never' : 'always' }
  return dumb ? { ...dumb, value: 'never' } : fallback('--color', 'auto')
}

const order: readonly Source[] = ['flag', 'environment', 'env file', 'profile', 'default']

/** A server that was named nearer than the demo profile is meant, and not the demo. */
const namesServerAbove = (source: Source, values: Layer): boolean =>
  [values.DATABASE_URL, values.PGHOST, values.PGHOSTADDR, values.PGSERVICE, values.PGDATABASE].some(
    (setting) => setting && order.indexOf(setting.source) < order.indexOf(source),
  )
