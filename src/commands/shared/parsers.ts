import { isIP } from 'node:net'
import { InvalidArgumentError } from 'commander'
import { wanting } from './wanted.ts'

/** What the values of options may be. Each says in its message what would have been right. */

const seconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const

const isDuration = (value: string): boolean => /^(\d{1,9}[smhdw])+$/.test(value)

const secondsOf = (value: string): number =>
  [...value.matchAll(/(\d+)([smhdw])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * seconds[unit as keyof typeof seconds],
    0,
  )

/** `90s`, `15m`, `12h`, `7d`, `2w`, `1d12h`, in seconds; more than nothing, 100 years at most. */
export const parseSeconds = (value: string): number => {
  const total = isDuration(value) ? secondsOf(value) : 0
  if (total > 0 && total <= 36_525 * seconds.d) return total
  throw new InvalidArgumentError('A duration looks like 90s, 15m, 12h, 7d, 2w or 1d12h.')
}

/** A duration as the database takes it (`PT900S`): reckoned by its clock, not by this machine's. */
export const parseDuration = (value: string): string => `PT${parseSeconds(value)}S`

/** A duration in milliseconds. */
export const parseMilliseconds = (value: string): number => parseSeconds(value) * 1000

/** RFC 3339, a day (its start in UTC), or a duration ago. */
export const parseTime = (value: string): string => {
  if (isDuration(value)) return parseDuration(value)
  const day = /^\d{4}-\d\d-\d\d$/.test(value)
  const moment = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)$/.test(value)
  // Date rolls 2026-02-30 over into March: the day must come back as it went in.
  const date = new Date(`${value.slice(0, 10)}T00:00:00Z`)
  const real = !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === value.slice(0, 10)
  if (real && day) return `${value}T00:00:00Z`
  if (real && moment && !Number.isNaN(Date.parse(value))) return value.replace(' ', 'T')
  throw new InvalidArgumentError('A time looks like 2026-01-31T12:00:00Z, 2026-01-31 (UTC), or 7d (ago).')
}

/** A uuid, in lower case. */
export const parseUuid = (value: string): string => {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return value.toLowerCase()
  throw new InvalidArgumentError('An id looks like 0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b.')
}

/** For an option or argument that takes several. */
const collecting =
  (parse: (value: string) => string) =>
  (value: string, before: string[] = []): string[] => [...before, parse(value)]

/** An address, or a network in CIDR notation. */
export const parseNetwork = (value: string): string => {
  const [address = '', bits, ...more] = value.split('/')
  const family = isIP(address)
  const widest = family === 4 ? 32 : 128
  if (family && more.length === 0 && !address.includes('%')) {
    if (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= widest)) return value
  }
  throw new InvalidArgumentError('An address looks like 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32.')
}

/** A whole number from 1. */
export const parseCount = (value: string): number => {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('A whole number from 1.')
}

/** Text that is not empty. */
export const parseText = (value: string): string => {
  if (value.trim() !== '') return value
  throw new InvalidArgumentError('It must not be empty.')
}

// What they name is in their own names, and is completed (wanted.ts).
export const parseOrganization = wanting<string>('organization', parseText)
export const parseUser = wanting<string>('user', parseText)
export const collectUsers = wanting('user', collecting(String))
export const collectDeactivatedUsers = wanting('deactivated user', collecting(String))
export const parseGrantee = wanting<string>('grantee', parseText)
export const parseSession = wanting<string>('session', parseUuid)
export const collectActiveSessions = wanting('active session', collecting(parseUuid))
export const parseGrant = wanting<string>('grant', parseUuid)
export const collectActiveGrants = wanting('active grant', collecting(parseUuid))
export const parseOperator = wanting<string>('operator', parseText)
export const parseProfile = wanting<string>('profile', parseText)
export const parseFormat = wanting<string>('format', parseText)
export const parseFile = wanting<string>('file', parseText)
export const collectFiles = wanting('file', collecting(String))

/** Names separated by commas. */
export const parseNames = (value: string): string[] => value.split(',').map((name) => name.trim())

/** What a parser has against a text that was typed at a prompt; null for nothing. */
export const problemOf = (parse: (value: string) => unknown, text: string): string | null => {
  try {
    parse(text)
    return null
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error.message
    throw error
  }
}
