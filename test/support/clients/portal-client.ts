import { type Credentials, endsSession, SignedOut, Unserved, wordOf } from './signed-out.ts'

/** A browser at the portal: it has a cookie that its scripts cannot read, and nothing to refresh. */
export class PortalClient {
  readonly #platform: string
  readonly #send: typeof fetch
  /** As the platform set it, rules and all. */
  cookie: string | null = null

  constructor(platform: string, options: { send?: typeof fetch } = {}) {
    this.#platform = platform
    this.#send = options.send ?? fetch
  }

  get screen(): 'login' | 'home' {
    return this.cookie === null ? 'login' : 'home'
  }

  async logIn({ proof, grant }: Credentials): Promise<void> {
    const device = { type: 'computer', name: 'Firefox' }
    const response = await this.#send(`${this.#platform}/login/portal`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'Mozilla/5.0 Firefox/145.0' },
      body: JSON.stringify({ proof, grant, device }),
    })
    if (!response.ok) throw this.#refused(response.status, await wordOf(response))
    this.cookie = response.headers.get('set-cookie')
  }

  /** @throws SignedOut, Unserved. */
  async get(path: string): Promise<unknown> {
    const response = await this.#send(`${this.#platform}${path}`, { headers: this.#headers() })
    if (response.ok) return response.json()
    throw this.#refused(response.status, await wordOf(response))
  }

  async logOut(): Promise<void> {
    await this.#send(`${this.#platform}/logout`, { method: 'POST', headers: this.#headers() })
    this.cookie = null
  }

  #headers(): Record<string, string> {
    if (this.cookie === null) throw new SignedOut('nobody is signed in')
    return { cookie: this.cookie.split(';')[0] ?? '' }
  }

  #refused(status: number, word: string): Error {
    if (!endsSession(status, word)) return new Unserved(status, word)
    this.cookie = null
    return new SignedOut(word)
  }
}
