/** What an argument or an option wants, for whoever completes it while it is typed. */

/** What could be typed, and what it is. */
export type Candidate = readonly [value: string, meaning?: string]

/** What the command, a database, the file of profiles or the shell itself knows. */
export type Thing =
  | 'organization'
  | 'user'
  | 'deactivated user'
  | 'grantee'
  | 'session'
  | 'active session'
  | 'grant'
  | 'active grant'
  | 'operator'
  | 'profile'
  | 'format'
  | 'file'

/** A thing, or all that it could be, by what was typed before it. */
export type Wanted = Thing | ((before: readonly string[]) => Promise<readonly Candidate[]>)

const wanted = new WeakMap<object, Wanted>()

/** The same parser for what is `what`: whoever declares an option with it has said what it wants. */
export const wanting = <T>(what: Wanted, parse: (value: string, before: T) => T) => {
  const own = (value: string, before: T): T => parse(value, before)
  wanted.set(own, what)
  return own
}

/** What was said of a parser; undefined where nobody can know what will be typed. */
export const wantedBy = (parse: object | undefined): Wanted | undefined => parse && wanted.get(parse)
