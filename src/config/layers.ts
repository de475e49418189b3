import { MeanderError } from '../errors.ts'
import { didYouMean } from '../nearest.ts'
import type { Environment } from './environment.ts'
import { expand } from './expand.ts'
import { readNamed } from './files.ts'
import { configFile, homeOf } from './folders.ts'
import { demoProfile, profileLayer, readProfiles } from './profiles.ts'
import { type Layer, layerOf, type Setting } from './variables.ts'

export interface Layers {
  readonly values: Layer
  readonly profile: Setting<string | null>
  /** Whether the profile is marked so. */
  readonly production: boolean
  readonly envFile: Setting<string | null>
}

interface LayerFlags {
  readonly profile?: string | undefined
  readonly envFile?: string | undefined
}

/** What is nearer than the profile, as it was said, and which profile it names. */
export const readNearer = async (env: Environment, flags: LayerFlags) => {
  const environment = layerOf('environment', env)
  const envFile = flags.envFile
    ? { value: flags.envFile, source: 'flag' as const, name: '--env-file' }
    : (environment.MEANDERCTL_ENV_FILE ?? null)
  const file = envFile ? await readEnvFile(envFile) : {}

  const named = flags.profile
    ? { value: flags.profile, source: 'flag' as const, name: '--profile' }
    : (environment.MEANDERCTL_PROFILE ?? file.MEANDERCTL_PROFILE ?? null)
  return { environment, file, named, envFile }
}

/** For commands that have to work whatever a profile or a URL says: no profile is read, and no store is named. */
export const readLayersApart = async (env: Environment, flags: LayerFlags): Promise<Layers> => {
  const { environment, file, envFile } = await readNearer(env, flags)
  return {
    values: { ...file, ...environment },
    profile: { value: null, source: 'default', name: 'current' },
    production: false,
    envFile: envFile ?? noEnvFile,
  }
}

const noEnvFile = { value: null, source: 'default', name: '--env-file' } as const

/** Environment, env file and profile as one: the first that has a value counts. */
export const readLayers = async (env: Environment, flags: LayerFlags): Promise<Layers> => {
  const home = homeOf(env)
  const { environment, file, named, envFile } = await readNearer(env, flags)
  const found = await profileNamed(named, configFile(env))

  const layers = [environment, file, found.layer].map((layer) => expand(layer, home))
  return {
    values: merge(layers),
    profile: found.profile,
    production: found.production,
    envFile: envFile ?? noEnvFile,
  }
}

const readEnvFile = async (setting: Setting<string>): Promise<Layer> => {
  const text = readNamed(setting.value, setting.name)
  const { parse } = await import('dotenv')
  return layerOf('env file', parse(text))
}

const profileNamed = async (
  named: Setting<string> | null,
  path: string,
): Promise<{ profile: Setting<string | null>; production: boolean; layer: Layer }> => {
  const none = { production: false, layer: {} }
  if (named?.value === demoProfile) return { profile: named, ...none }
  const { current, profiles } = await readProfiles(path)
  const profile = named ?? { value: current, source: current ? 'profile' : 'default', name: 'current' }
  if (profile.value === null || profile.value === demoProfile) return { profile, ...none }
  const found = Object.hasOwn(profiles, profile.value) ? profiles[profile.value] : undefined
  if (found) return { profile, production: found.production, layer: profileLayer(found) }
  throw await noSuchProfile('USAGE', profile.value, profiles, path)
}

/** As a value of --profile it is a wrong value, as what a command is about it is not found. */
export const noSuchProfile = async (
  code: 'USAGE' | 'NOT_FOUND',
  name: string,
  profiles: object,
  path: string,
): Promise<MeanderError> => {
  const names = [...Object.keys(profiles), demoProfile]
  const hint =
    didYouMean(name, names) ?? `See them: meanderctl profile list; make it: meanderctl profile add ${name}`
  return new MeanderError(code, `There is no profile ${name} in ${path}`, { hint, details: names })
}

/**
 * A layer that names a server answers for its address: no port or address of a lower one is mixed in. And a
 * lower layer that names a server of its own keeps its password to itself: it is not sent to another.
 */
const merge = (layers: readonly Layer[]): Layer => {
  let merged: Layer = {}
  for (const layer of layers) {
    const rest = { ...layer }
    if (merged.PGHOST || merged.PGHOSTADDR) {
      if (rest.PGHOST || rest.PGHOSTADDR) {
        delete rest.PGPASSWORD
        delete rest.passwordCommand
      }
      delete rest.PGHOST
      delete rest.PGHOSTADDR
      delete rest.PGPORT
    }
    merged = { ...rest, ...merged }
  }
  return merged
}
