import { type Credentials, endsSession, SignedOut, Unserved, wordOf } from './signed-out.ts'

const userAgent = 'Meander/4.2 (Android 16)'

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
}

/** The Keychain or Keystore of the device. */
export interface TokenStore {
  load(): Tokens | null
  save(tokens: Tokens): void
  clear(): void
}

export const memoryStore = (): TokenStore => {
  let kept: Tokens | null = null
  return {
    load: () => kept,
    save: (tokens) => {
      kept = tokens
    },
    clear: () => {
      kept = null
    },
  }
}

/**
 * The app. An access token that has expired is replaced without a word to the person; `session_revoked` is never
 * tried again: the tokens are thrown away, and the login is shown.
 */
export class MobileClient {
  readonly #platform: string
  readonly #store: TokenStore
  readonly #send: typeof fetch
  #refreshing: Promise<Tokens> | null = null

  constructor(platform: string, options: { store?: TokenStore; send?: typeof fetch } = {}) {
    this.#platform = platform
    this.#store = options.store ?? memoryStore()
    this.#send = options.send ?? fetch
  }

  get screen(): 'login' | 'home' {
    return this.#store.load() === null ? 'login' : 'home'
  }

  async logIn({ proof, grant }: Credentials): Promise<void> {
    const device = { type: 'phone', name: 'Pixel 9' }
    this.#store.save((await this.#post('/login/mobile', { proof, grant, device })) as Tokens)
  }

  /** @throws SignedOut, Unserved. */
  async get(path: string): Promise<unknown> {
    return (await this.#ask('GET', path)).json()
  }

  /** The next pair of tokens: once for all who ask at the same time, or the second would look like a thief. */
  refresh(): Promise<Tokens> {
    this.#refreshing ??= this.#rotate().finally(() => {
      this.#refreshing = null
    })
    return this.#refreshing
  }

  /** Whatever the platform says, the tokens are gone from this device. */
  async logOut(): Promise<void> {
    await this.#ask('POST', '/logout').finally(() => this.#store.clear())
  }

  async #ask(method: string, path: string): Promise<Response> {
    for (let tries = 1; ; tries++) {
      const { accessToken } = this.#kept()
      const headers = { authorization: `Bearer ${accessToken}`, 'user-agent': userAgent }
      const response = await this.#send(`${this.#platform}${path}`, { method, headers })
      if (response.ok) return response
      const word = await wordOf(response)
      // A slow network can eat up a short token on its way.
      if (word !== 'token_expired' || tries === 3) throw this.#refused(response.status, word)
      // Another request may have replaced it while this one was under way.
      if (this.#kept().accessToken === accessToken) await this.refresh()
    }
  }

  async #rotate(): Promise<Tokens> {
    const { refreshToken } = this.#kept()
    const tokens = (await this.#post('/token/refresh', { refreshToken })) as Tokens
    this.#store.save(tokens)
    return tokens
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    const response = await this.#send(`${this.#platform}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': userAgent },
      body: JSON.stringify(body),
    })
    if (response.ok) return response.json()
    throw this.#refused(response.status, await wordOf(response))
  }

  #kept(): Tokens {
    const tokens = this.#store.load()
    if (tokens === null) throw new SignedOut('nobody is signed in')
    return tokens
  }

  #refused(status: number, word: string): Error {
    if (!endsSession(status, word)) return new Unserved(status, word)
    this.#store.clear()
    return new SignedOut(word)
  }
}
