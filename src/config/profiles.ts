import { statSync } from 'node:fs'
import { MeanderError } from '../errors.ts'
import { isThere, readNamed } from './files.ts'
import { type Layer, type VariableName, variables } from './variables.ts'

/** Always there, and always the embedded store. */
export const demoProfile = 'demo'

export interface Profiles {
  readonly current: string | null
  readonly profiles: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** What `path` holds, checked; no file is no profiles. @throws MeanderError USAGE that names the place in the file. */
export const readProfiles = async (path: string): Promise<Profiles> => {
  if (!isThere(path)) return { current: null, profiles: {} }
  const refuse = (what: string, hint?: string): never => {
    throw new MeanderError('USAGE', `The profiles in ${path} cannot be used: ${what}`, { hint })
  }
  // passwordCommand is run: who can write this file can run commands as the operator.
  if (process.platform !== 'win32' && (statSync(path).mode & 0o022) !== 0) {
    refuse('others than its owner may write to it', `chmod 600 ${path}`)
  }
  let json: unknown
  try {
    json = JSON.parse(readNamed(path, 'The configuration'))
  } catch (error) {
    if (error instanceof MeanderError) throw error
    // The parser's message quotes the text.
    return refuse('it is not JSON')
  }
  const { profilesFile } = await import('./profile.schema.ts')
  const checked = profilesFile.safeParse(json)
  if (!checked.success) {
    const [issue] = checked.error.issues
    return refuse(`${issue?.path.join('.') || 'the whole'}: ${issue?.message}`)
  }
  const profiles = checked.data.profiles as Profiles['profiles']
  for (const [name, { databaseUrl = '', redisUrl = '' }] of Object.entries(profiles)) {
    if (name === demoProfile) refuse('demo is the name of the embedded store')
    for (const [key, url] of Object.entries({ databaseUrl, redisUrl })) {
      if (/^[^/]*\/\/[^@/]*:[^@]+@/.test(url)) {
        refuse(
          `profiles.${name}.${key} holds a password`,
          'Use passwordCommand, PGPASSWORD or REDIS_PASSWORD',
        )
      }
    }
  }
  const current = checked.data.current ?? null
  if (current !== null && current !== demoProfile && !Object.hasOwn(profiles, current)) {
    refuse(`current is ${current}, and there is no such profile`)
  }
  return { current, profiles }
}

/** The profile as a place that values come from. */
export const profileLayer = (profile: Readonly<Record<string, string>>): Layer => {
  const setting = (name: string) => ({ value: profile[name] ?? '', source: 'profile' as const, name })
  const layer: Layer = {}
  for (const [variable, { profile: key }] of Object.entries(variables)) {
    if (key && profile[key]) layer[variable as VariableName] = setting(key)
  }
  if (profile.passwordCommand) layer.passwordCommand = setting('passwordCommand')
  return layer
}
