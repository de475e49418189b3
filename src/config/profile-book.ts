import { mkdirSync, realpathSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, isAbsolute, resolve } from 'node:path'
import { MeanderError } from '../errors.ts'
import { serverSettings } from './database-settings.ts'
import { parseDatabaseUrl } from './database-url.ts'
import { type DescribedSetting, describeSettings } from './describe.ts'
import type { Environment } from './environment.ts'
import { expand } from './expand.ts'
import { isThere } from './files.ts'
import { configFile, dataFolder, homeOf } from './folders.ts'
import { noSuchProfile, readNearer } from './layers.ts'
import { lock } from './lock.ts'
import {
  demoProfile,
  holdsPassword,
  isProfileName,
  type Profile,
  type ProfilesFile,
  profileKeys,
  profileLayer,
  readProfiles,
  readProfilesFile,
  refuseWritable,
} from './profiles.ts'
import { redisSettings } from './redis-settings.ts'
import { hidden } from './secrets.ts'
import { type GlobalFlags, loadSettings } from './settings.ts'
import { layerOf } from './variables.ts'

/** A profile as it is shown; no secret is in it. */
export interface DescribedProfile {
  readonly name: string
  /** What a command without --profile uses, here and now. */
  readonly current: boolean
  /** What such a command uses where nothing else names one. */
  readonly default: boolean
  readonly production: boolean
  /** `meander at db.example.org:5433`, or where the embedded store is; null where the profile names none. */
  readonly database: string | null
  /** What the profile itself holds, by `profileKeys`: null where it says nothing. */
  readonly values: Readonly<Record<string, string | null>>
  /** What is in force with it, here and now, and who says so. */
  readonly settings: readonly DescribedSetting[]
  /** Why no command would run with it; null where nothing is wrong. */
  readonly problem: string | null
}

export interface NewProfile {
  readonly values: Readonly<Record<string, string>>
  readonly production: boolean
}

/** The profiles of this person. Every change is whole or not made, and waits for a change of another process. */
export interface ProfileBook {
  /** The file, there or not. */
  readonly path: string
  list(): Promise<DescribedProfile[]>
  /** The one in use when no name is given. @throws MeanderError NOT_FOUND */
  show(name?: string): Promise<DescribedProfile>
  /** @throws MeanderError USAGE for what no command could use, a secret, and a name that there is. */
  add(
    name: string,
    profile: NewProfile,
    options: { replace: boolean; use: boolean },
  ): Promise<DescribedProfile>
  /** Makes it the default; null: none is. @throws MeanderError NOT_FOUND */
  use(name: string | null): Promise<void>
  /** @throws MeanderError NOT_FOUND */
  remove(name: string): Promise<void>
  /** The variables that go before whatever a profile says, by name. */
  nearer(): Promise<{ readonly profile: string | null; readonly database: string | null }>
}

export const profileBook = (env: Environment, flags: GlobalFlags): ProfileBook => {
  const path = configFile(env)
  const home = homeOf(env)

  const nearer = async () => {
    const { environment, file, named } = await readNearer(env, flags)
    const servers = ['DATABASE_URL', 'PGHOST', 'PGHOSTADDR', 'PGSERVICE', 'PGDATABASE'] as const
    return {
      named,
      profile: named?.name ?? null,
      database: servers.find((name) => environment[name] ?? file[name]) ?? null,
    }
  }

  const describe = async (name: string, profile: Profile | null): Promise<DescribedProfile> => {
    const { current } = await readProfiles(path)
    const { named } = await nearer()
    const values = Object.fromEntries(profileKeys.map((key) => [key, shown(key, profile?.values[key])]))
    const about = {
      name,
      current: (named?.value ?? current) === name,
      default: current === name,
      production: profile?.production ?? false,
      database: profile ? databaseOf(profile.values.databaseUrl) : `embedded store in ${dataFolder(env)}`,
      values,
    }
    try {
      const settings = await loadSettings({ flags: { ...flags, profile: name }, env })
      return { ...about, settings: describeSettings(settings), problem: null }
    } catch (error) {
      if (!(error instanceof MeanderError)) throw error
      const { message, hint } = error
      return { ...about, settings: [], problem: hint ? `${message}. ${hint}` : message }
    }
  }

  const find = async (name: string): Promise<Profile | null> => {
    if (name === demoProfile) return null
    const { profiles } = await readProfiles(path)
    const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined
    if (found) return found
    throw await noSuchProfile('NOT_FOUND', name, profiles, path)
  }

  return {
    path,
    async list() {
      const { profiles } = await readProfiles(path)
      const named = Object.entries(profiles).map(([name, profile]) => describe(name, profile))
      return [...(await Promise.all(named)), await describe(demoProfile, null)]
    },
    async show(name) {
      const { current } = await readProfiles(path)
      const wanted = name ?? (await nearer()).named?.value ?? current
      if (wanted !== null) return describe(wanted, await find(wanted))
      throw new MeanderError('NOT_FOUND', 'No profile is in use', {
        hint: 'See them: meanderctl profile list; take one: meanderctl profile use NAME',
      })
    },
    async add(name, profile, { replace, use }) {
      if (name === demoProfile) {
        throw new MeanderError('USAGE', 'demo is the embedded store, and always there', {
          hint: 'Take another name',
        })
      }
      if (!isProfileName(name)) {
        throw new MeanderError('USAGE', `${JSON.stringify(name)} is no name for a profile`, {
          hint: 'Up to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit',
        })
      }
      const values = checked(profile.values, env, home)
      await change(path, (file) => {
        file.profiles ??= {}
        if (Object.hasOwn(file.profiles, name) && !replace) {
          throw new MeanderError('USAGE', `There is a profile ${name} already`, {
            hint: 'Give --replace to put this in its place, whole',
          })
        }
        file.profiles[name] = { ...values, ...(profile.production && { production: true }) }
        if (use) file.current = name
      })
      return describe(name, { values, production: profile.production })
    },
    async use(name) {
      if (name !== null) await find(name)
      await change(path, async (file) => {
        if (name === null) delete file.current
        else if (name === demoProfile || Object.hasOwn(file.profiles ?? {}, name)) file.current = name
        else throw await noSuchProfile('NOT_FOUND', name, file.profiles ?? {}, path)
      })
    },
    async remove(name) {
      await change(path, async (file) => {
        const { profiles = {} } = file
        if (!Object.hasOwn(profiles, name)) throw await noSuchProfile('NOT_FOUND', name, profiles, path)
        delete profiles[name]
        if (file.current === name) delete file.current
      })
    },
    nearer,
  }
}

/** A command line may hold a token. A URL is shown when nothing in it can be a secret, and that is known of what is read. */
const shown = (key: string, value: string | undefined): string | null => {
  if (value === undefined) return null
  if (key === 'passwordCommand') return hidden
  if (key === 'databaseUrl') return databaseOf(value) === null ? hidden : value
  if (key === 'redisUrl') return /^rediss?:\/\/[^?#]*$/.test(value) ? value : hidden
  return value
}

/** Which database, and where; null for a URL that nothing can be made of. */
const databaseOf = (url: string | undefined): string | null => {
  if (url === undefined) return null
  try {
    const {
      PGHOST: host = '',
      PGPORT: port = '',
      PGDATABASE: database,
    } = parseDatabaseUrl(url, 'databaseUrl')
    const ports = port.split(',')
    const places = host
      .split(',')
      .map((one, at) => (ports[at] ? `${one || 'localhost'}:${ports[at]}` : one || 'localhost'))
    return database ? `${database} at ${places.join(', ')}` : places.join(', ')
  } catch {
    return null
  }
}

const fileKeys = [
  'sslRootCert',
  'sslCert',
  'sslKey',
  'redisTlsCa',
  'redisTlsCert',
  'redisTlsKey',
  'signingKeyFile',
]

/** What every command would refuse is not written down; and a file means the same wherever one stands later. */
const checked = (
  given: Readonly<Record<string, string>>,
  env: Environment,
  home: string,
): Record<string, string> => {
  for (const key of ['databaseUrl', 'redisUrl']) {
    if (!holdsPassword(given[key] ?? '')) continue
    throw new MeanderError('USAGE', `${key} holds a password, and a profile keeps no secret`, {
      hint:
        key === 'databaseUrl'
          ? 'Leave it out, and say how to get it: --password-command, ~/.pgpass or PGPASSWORD'
          : 'Leave it out, and set REDIS_PASSWORD where the command runs',
    })
  }
  const values = Object.fromEntries(
    Object.entries(given).map(([key, value]) => [
      key,
      fileKeys.includes(key) && !['system'].includes(value) && !value.startsWith('~/') && !isAbsolute(value)
        ? resolve(value)
        : value,
    ]),
  )
  const { MEANDERCTL_ALLOW_PLAINTEXT_REDIS: plaintext } = layerOf('environment', env)
  const layer = expand(profileLayer({ values, production: false }), home)
  serverSettings(layer, home)
  redisSettings({ ...layer, ...(plaintext && { MEANDERCTL_ALLOW_PLAINTEXT_REDIS: plaintext }) }, home)
  return values
}

/** Reads, changes and writes the file while no other process does; it is whole, old or new, at every moment. */
const change = async (path: string, edit: (file: ProfilesFile) => void | Promise<void>): Promise<void> => {
  const kept = {
    what: `The file of profiles ${path}`,
    unusable: [
      `The profiles in ${path} cannot be changed`,
      'Set XDG_CONFIG_HOME to a folder that you may write',
    ],
    busyHint: () => 'Run this again when it has ended',
  } as const
  const unwritable = (error: unknown): never => {
    if (error instanceof MeanderError) throw error
    const [message, hint] = kept.unusable
    throw new MeanderError('FAILED', `${message}: ${(error as Error).message}`, { hint, cause: error })
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  } catch (error) {
    unwritable(error)
  }
  refuseWritable(dirname(path))
  const release = await lock(`${path}.lock`, { kept })
  try {
    const file = await readProfilesFile(path)
    await edit(file)
    // A link stays one: the file that it leads to is replaced.
    const target = isThere(path) ? realpathSync(path) : path
    await replace(target, `${JSON.stringify(file, null, 2)}\n`).catch(unwritable)
  } finally {
    release()
  }
}

/** A profile says what is run and where a password is sent: nobody else reads it. */
const replace = async (path: string, text: string): Promise<void> => {
  const draft = `${path}.draft`
  // What a killed process left behind; nobody else writes one now.
  await rm(draft, { force: true })
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await file.close()
  }
}
