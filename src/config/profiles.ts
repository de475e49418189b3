import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { MeanderError } from '../errors.ts'
import { didYouMean } from '../nearest.ts'
import { isThere, readNamed } from './files.ts'
import { type Layer, type VariableName, variables } from './variables.ts'

/** Always there, and always the embedded store. */
export const demoProfile = 'demo'

/** What a profile may hold, each a text: no secret is among them, `passwordCommand` says how to get one. */
export const profileKeys: readonly string[] = [
  ...Object.values(variables).flatMap(({ profile }) => profile ?? []),
  'passwordCommand',
]

export interface Profile {
  /** By `profileKeys`; what is absent is not set. */
  readonly values: Readonly<Record<string, string>>
  /** Marked as production: every question says so. */
  readonly production: boolean
}

export interface Profiles {
  readonly current: string | null
  readonly profiles: Readonly<Record<string, Profile>>
}

/** The file as it is written: what is read, checked and changed. */
export interface ProfilesFile {
  current?: string
  profiles?: Record<string, Record<string, string | boolean>>
}

export const isProfileName = (name: string): boolean => /^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name)

/** Whether a URL has a password in it, malformed or not. */
export const holdsPassword = (url: string): boolean => /^[^/]*\/\/[^@/]*:[^@]+@/.test(url)

/** What `path` holds, checked; no file is no profiles. @throws MeanderError USAGE that names the line, and the fix. */
export const readProfiles = async (path: string): Promise<Profiles> => {
  const { current = null, profiles = {} } = await readProfilesFile(path)
  return {
    current,
    profiles: Object.fromEntries(
      Object.entries(profiles).map(([name, { production = false, ...values }]) => [
        name,
        { production: production === true, values: values as Profile['values'] },
      ]),
    ),
  }
}

/**
 * The same as it stands in the file. By hand, not with zod: this is read at every start, which zod would double.
 * @throws MeanderError USAGE
 */
export const readProfilesFile = async (path: string): Promise<ProfilesFile> => {
  if (!isThere(path)) return {}
  refuseWritable(path)
  refuseWritable(dirname(path))
  const text = readNamed(path, 'The configuration')
  const refuse = refuser(path, text)
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch (error) {
    // The parser's message quotes the text, so it only says where.
    return refuse(
      brokenAt(text, (error as Error).message),
      'it is not JSON',
      'Mend that line, or move the file away and add the profiles anew',
    )
  }
  if (!isObject(file)) return refuse([], 'it is no object', 'It looks like {"current": "…", "profiles": {…}}')
  const top = Object.keys(file).find((key) => !['current', 'profiles'].includes(key))
  if (top !== undefined)
    return refuse([top], `there is nothing like ${quoted(top)}`, 'Known are current and profiles')

  const { current, profiles = {} } = file
  if (!isObject(profiles)) return refuse(['profiles'], 'profiles is no object')
  for (const [name, profile] of Object.entries(profiles)) checkProfile(name, profile, refuse)
  if (current !== undefined) {
    if (typeof current !== 'string') return refuse(['current'], 'current is no text')
    if (current !== demoProfile && !Object.hasOwn(profiles, current)) {
      const names = [...Object.keys(profiles), demoProfile]
      const hint = didYouMean(current, names) ?? `Profiles: ${names.join(', ')}`
      return refuse(['current'], `current is ${quoted(current)}, and there is no such profile`, hint)
    }
  }
  return file as ProfilesFile
}

type Refuse = (place: readonly string[] | number, what: string, hint?: string) => never

const checkProfile = (name: string, profile: unknown, refuse: Refuse): void => {
  const at = (key: string) => ['profiles', name, key]
  if (name === demoProfile) refuse(at(''), 'demo is the name of the embedded store')
  if (!isProfileName(name)) {
    refuse(at(''), `${quoted(name)} is no name`, 'Letters, digits, dot, hyphen and underscore')
  }
  const settings = isObject(profile) ? profile : refuse(at(''), `profiles.${name} is no object`)
  for (const [key, value] of Object.entries(settings)) {
    const where = `profiles.${name}.${key}`
    if (key === 'production') {
      if (typeof value !== 'boolean') refuse(at(key), `${where} is neither true nor false`)
    } else if (!profileKeys.includes(key)) {
      const known = [...profileKeys, 'production']
      const secret = /pass|secret|token/i.test(key)
        ? 'No secret is kept here: passwordCommand gets it'
        : undefined
      const hint = secret ?? didYouMean(key, known) ?? `Known are ${known.join(', ')}`
      refuse(at(key), `profiles.${name}: there is no setting ${quoted(key)}`, hint)
    } else if (typeof value !== 'string' || value === '') {
      refuse(at(key), `${where} is ${value === '' ? 'empty' : 'no text'}`)
    } else if (['databaseUrl', 'redisUrl'].includes(key) && holdsPassword(value)) {
      refuse(at(key), `${where} holds a password`, 'Use passwordCommand, PGPASSWORD or REDIS_PASSWORD')
    }
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const quoted = (text: string): string => JSON.stringify(text)

/** passwordCommand is run: who can write this file, or put another in its place, runs commands as the operator. */
export const refuseWritable = (path: string): void => {
  if (process.platform === 'win32') return
  const stat = statSync(path)
  if ((stat.mode & 0o022) === 0) return
  throw new MeanderError(
    'USAGE',
    `The profiles in ${path} cannot be used: others than its owner may write to it`,
    { hint: `chmod ${stat.isDirectory() ? 'go-w' : '600'} ${path}` },
  )
}

/** Says what is wrong, and the line of what `place` names, or of a position in the text. */
const refuser =
  (path: string, text: string): Refuse =>
  (place, what, hint) => {
    let offset = typeof place === 'number' ? place : 0
    // Keys stand in the file in the order in which they lie inside each other.
    for (const key of typeof place === 'number' ? [] : place.filter(Boolean)) {
      offset = Math.max(offset, text.indexOf(JSON.stringify(key), offset))
    }
    const line = text.slice(0, offset).split('\n').length
    throw new MeanderError('USAGE', `The profiles in ${path} cannot be used: line ${line}: ${what}`, { hint })
  }

/** Where the text stops being JSON, by what the parser says: a position, or ten letters before and after. */
const brokenAt = (text: string, message: string): number => {
  const position = /position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return Number(position)
  const [, token = '', cut, near = ''] =
    /^Unexpected token '(.)', (\.\.\.)?"([\s\S]*)"(?:\.\.\.)? is not valid JSON$/.exec(message) ?? []
  if (near === '') return text.length
  const at = text.indexOf(near)
  return cut ? at + 10 : text.indexOf(token, at)
}

/** The profile as a place that values come from. */
export const profileLayer = ({ values }: Profile): Layer => {
  const setting = (name: string) => ({ value: values[name] ?? '', source: 'profile' as const, name })
  const layer: Layer = {}
  for (const [variable, { profile: key }] of Object.entries(variables)) {
    if (key && values[key]) layer[variable as VariableName] = setting(key)
  }
  if (values.passwordCommand) layer.passwordCommand = setting('passwordCommand')
  return layer
}
