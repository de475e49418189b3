/** The client is at its login screen, and `word` is why: what the platform said, or that nobody has signed in. */
export class SignedOut extends Error {
  override readonly name = 'SignedOut'
  readonly word: string

  constructor(word: string) {
    super(`signed out: ${word}`)
    this.word = word
  }
}

/** The platform could not serve this and said nothing about the session: the client stays signed in. */
export class Unserved extends Error {
  override readonly name = 'Unserved'
  readonly status: number

  constructor(status: number, word: string) {
    super(`${status} ${word}`)
    this.status = status
  }
}

/** The word of a refusal. */
export const wordOf = async (response: Response): Promise<string> => {
  const body = (await response.json().catch(() => ({}))) as { error?: unknown }
  return String(body.error ?? response.status)
}

/** These mean the login screen, at once and without another try; of all the others none does. */
export const endsSession = (status: number, word: string): boolean =>
  status === 401 && word !== 'token_expired'

/** What a person brings to a login. */
export interface Credentials {
  readonly proof: string
  /** A support access grant, for a global admin. */
  readonly grant?: string
}
