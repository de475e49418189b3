/**
 * What the product promises, as plain data and short functions: no SQL, no Redis, nothing of the product's own code.
 * A command is a function of the world: it changes it, puts its events on the record, and says what is answered.
 * Moments and durations are microseconds.
 */

export type Place = 'hlf' | 'nhf' | 'platform'

type Role = 'org_admin' | 'auditor' | 'global_admin' | 'member'

export interface User {
  readonly id: string
  readonly email: string
  /** Staff are at home on the platform. */
  readonly home: Place
  readonly role: Role
  active: boolean
}

export interface Grant {
  readonly id: string
  readonly place: Place
  readonly grantee: User
  readonly expires: number
  revoked: number | null
}

interface Token {
  readonly jti: string
  /** Of the access token that came with it. */
  readonly expires: number
  live: boolean
}

export interface Session {
  readonly id: string
  readonly user: User
  readonly place: Place
  readonly kind: 'mobile' | 'portal'
  readonly grant: Grant | null
  readonly created: number
  readonly expires: number
  activity: number
  revoked: { readonly by: string; readonly reason: string } | null
  readonly chain: Token[]
}

export interface Policy {
  idleTimeout: number | null
  absoluteLifetime: number | null
  maxSupportAccess: number | null
}

export interface Event {
  readonly place: Place
  readonly actor: string
  readonly actorUser: string | null
  readonly action: string
  readonly target: string
  readonly reason: string
  readonly details: Readonly<Record<string, unknown>>
}

export interface World {
  now: number
  readonly users: User[]
  /** Which login acts for whom; an administrator acts for nobody. */
  readonly logins: Readonly<Record<string, User | 'administrator'>>
  readonly grants: Grant[]
  readonly sessions: Session[]
  readonly policies: Record<Place, Policy>
  /** Every access token that was ever blocked. */
  readonly blocked: Set<string>
  /** What has to be in Redis for as long as it lives. */
  readonly told: Set<string>
  readonly record: Event[]
  /** Every record as it was read, intents and all, oldest first. */
  readonly written: Record<
    Place,
    { readonly seq: number; readonly action: string; readonly targetId: string }[]
  >
  /** What was answered to whom under a request id, the last one. */
  answered: { readonly login: string; readonly argv: readonly string[]; readonly outcome: Outcome } | null
}

/** What a command says: its exit code, and the parts of the answer that are held against the real one. */
export interface Outcome {
  readonly code: number
  readonly error?: string
  readonly answer?: unknown
}

export const hour = 3600_000_000

export const usualSupport = 72 * hour

export const places: readonly Place[] = ['hlf', 'nhf', 'platform']

export const idOf: Readonly<Record<Place, string>> = {
  hlf: '11111111-0000-4000-8000-000000000000',
  nhf: '22222222-0000-4000-8000-000000000000',
  platform: '00000000-0000-0000-0000-000000000000',
}

export const unauthenticated: Outcome = { code: 4, error: 'UNAUTHENTICATED' }

export const notFound: Outcome = { code: 3, error: 'NOT_FOUND' }

export const refused: Outcome = { code: 5, error: 'REFUSED' }

export const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1)
