/** What the platform says to a client that it will not serve: one status, one word. */
export type Word =
  /** Refresh, and ask again. */
  | 'token_expired'
  /** The session has ended, whoever or whatever ended it: never ask again, show the login. */
  | 'session_revoked'
  /** Not a token of ours: show the login. */
  | 'invalid_token'
  /** No login for this person, or not there. */
  | 'login_refused'
  | 'bad_request'
  | 'not_found'
  /** Nothing is known about the session: ask again later. */
  | 'unavailable'

const statuses: Record<Word, number> = {
  token_expired: 401,
  session_revoked: 401,
  invalid_token: 401,
  login_refused: 403,
  bad_request: 400,
  not_found: 404,
  unavailable: 503,
}

/** A refusal on its way to the client. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly word: Word
  readonly status: number

  constructor(word: Word, cause?: unknown) {
    super(word, { cause })
    this.word = word
    this.status = statuses[word]
  }
}

/** The SQLSTATE of a failure, if the database raised it. */
export const stateOf = (error: unknown): string | undefined => (error as { code?: string } | null)?.code

/** MC410 is the guards' "has ended": every race that a revocation wins arrives here. */
export const hasEnded = (error: unknown): boolean => stateOf(error) === 'MC410'

/**
 * What the client hears of a failure. A database that cannot be asked says nothing about the session: telling a
 * client to sign in again for that would empty a whole town's phones.
 */
export const refusalOf = (error: unknown): Refused => {
  if (error instanceof Refused) return error
  return new Refused(hasEnded(error) ? 'session_revoked' : 'unavailable', error)
}
