import type { AccessFacts } from '../../postgres/users.ts'

export interface Check {
  readonly name: string
  readonly ok: boolean
  /** What was found; where it is not ok, each access that is left and its last second. */
  readonly detail: string
}

/** Whether one user's access has ended, check by check. */
export interface Proof {
  readonly userId: string
  readonly email: string
  readonly ended: boolean
  readonly checks: readonly Check[]
}

/**
 * How Redis answers: `unread` by the platform; carried by the `publisher`, whose word in PostgreSQL is all that
 * there is; or asked, with the milliseconds that each key has left (null: no key), or why it could not be.
 */
export type RedisAnswer =
  | 'unread'
  | 'publisher'
  | { readonly left: ReadonlyMap<string, number | null> | null; readonly error: string | null }

const check = (name: string, left: readonly string[], fine: string): Check => ({
  name,
  ok: left.length === 0,
  detail: left.length === 0 ? fine : left.join('; '),
})

/** The rules of `users verify`, over what was read from the stores just now. */
export const proofOf = (facts: AccessFacts, redis: RedisAnswer, offboarded: boolean): Proof => {
  const checks = [
    check(
      'noActiveSession',
      facts.activeSessions.map(({ id, endsAt }) => `session ${id} until ${endsAt}`),
      'no active session',
    ),
    check(
      'noLiveRefreshToken',
      facts.refreshTokens.map(
        ({ id, sessionId, endsAt }) => `refresh token ${id} of session ${sessionId} until ${endsAt}`,
      ),
      'no live refresh token',
    ),
    check(
      'accessTokensBlocked',
      facts.unblocked.map(
        ({ jti, sessionId, expiresAt }) => `access token ${jti} of session ${sessionId} until ${expiresAt}`,
      ),
      `${facts.blocked.length} unexpired, all blocked`,
    ),
    redisCheck(facts, redis),
    ...(offboarded
      ? [
          check(
            'deactivated',
            facts.status === 'deactivated' ? [] : ['the account is active'],
            'the account is deactivated',
          ),
          check(
            'noLiveGrant',
            facts.grants.map(({ id, expiresAt }) => `grant ${id} until ${expiresAt}`),
            'no live support access grant',
          ),
        ]
      : []),
  ]
  return { userId: facts.userId, email: facts.email, ended: checks.every(({ ok }) => ok), checks }
}

const redisCheck = ({ blocked }: AccessFacts, redis: RedisAnswer): Check => {
  const name = 'accessTokensBlockedInRedis'
  if (redis === 'unread') return check(name, [], 'not needed: the platform reads the database')
  const open = (jti: string, expiresAt: string, why: string) =>
    `access token ${jti} until ${expiresAt}: ${why}`
  if (redis === 'publisher') {
    const late = blocked.filter(({ publishedAt }) => publishedAt === null)
    return check(
      name,
      late.map(({ jti, expiresAt }) => open(jti, expiresAt, 'not published yet')),
      'published, by the publisher’s word: this login has no Redis to ask',
    )
  }
  if (redis.error !== null) {
    return check(
      name,
      blocked.map(({ jti, expiresAt }) => open(jti, expiresAt, `Redis could not be asked (${redis.error})`)),
      'none to ask for',
    )
  }
  const short = blocked.flatMap(({ jti, expiresAt, remainingMs }) => {
    const left = redis.left?.get(jti) ?? null
    if (left !== null && left >= remainingMs) return []
    return [open(jti, expiresAt, left === null ? 'not in Redis' : 'Redis forgets it earlier')]
  })
  return check(name, short, `${blocked.length} asked, all blocked long enough`)
}
