import { MeanderError } from '../errors.ts'
import type { Environment } from './environment.ts'
import { expand } from './expand.ts'
import { readNamed } from './files.ts'
import { configFile, homeOf } from './folders.ts'
import { demoProfile, profileLayer, readProfiles } from './profiles.ts'
import { type Layer, layerOf, type Setting } from './variables.ts'

export interface Layers {
  readonly values: Layer
  readonly profile: Setting<string | null>
  readonly envFile: Setting<string | null>
}

/** Environment, env file and profile as one: the first that has a value counts. */
export const readLayers = async (
  env: Environment,
  flags: { readonly profile?: string | undefined; readonly envFile?: string | undefined },
): Promise<Layers> => {
  const home = homeOf(env)
  const environment = layerOf('environment', env)
  const envFile = flags.envFile
    ? { value: flags.envFile, source: 'flag' as const, name: '--env-file' }
    : (environment.MEANDERCTL_ENV_FILE ?? null)
  const file = envFile ? await readEnvFile(envFile) : {}

  const named = flags.profile
    ? { value: flags.profile, source: 'flag' as const, name: '--profile' }
    : (environment.MEANDERCTL_PROFILE ?? file.MEANDERCTL_PROFILE ?? null)
  const found = await profileNamed(named, configFile(env))

  const layers = [environment, file, found.layer].map((layer) => expand(layer, home))
  return {
    values: merge(layers),
    profile: found.profile,
    envFile: envFile ?? { value: null, source: 'default', name: '--env-file' },
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
): Promise<{ profile: Setting<string | null>; layer: Layer }> => {
  if (named?.value === demoProfile) return { profile: named, layer: {} }
  const { current, profiles } = await readProfiles(path)
  const profile = named ?? { value: current, source: current ? 'profile' : 'default', name: 'current' }
  if (profile.value === null || profile.value === demoProfile) return { profile, layer: {} }
  const found = Object.hasOwn(profiles, profile.value) ? profiles[profile.value] : undefined
  if (found) return { profile, layer: profileLayer(found) }
  const names = [...Object.keys(profiles), demoProfile]
  throw new MeanderError('USAGE', `There is no profile ${profile.value} in ${path}`, {
    hint: `Profiles: ${names.join(', ')}`,
    details: names,
  })
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
