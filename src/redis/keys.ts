/** What the API reads, and how long: the names and lives of the keys. */

/** The clocks of the API's servers may be this far behind PostgreSQL's. */
const skewMs = 60_000

/** The key of a blocked access token; its value is the session id. */
export const tokenKey = (prefix: string, jti: string): string => `${prefix}jti:${jti}`

/** The key that is gone when Redis was emptied. */
export const canaryKey = (prefix: string): string => `${prefix}canary`

/** How long a key has to live, in whole milliseconds; null where the token ended so long ago that nothing needs it. */
export const lifeOf = (remainingMs: number): number | null => {
  const life = Math.ceil(remainingMs + skewMs)
  return life <= 0 ? null : life
}

/** A glob that matches exactly the keys that begin with `prefix`. */
export const keysPattern = (prefix: string): string => `${prefix.replace(/[\\*?[\]^-]/g, '\\$&')}*`
