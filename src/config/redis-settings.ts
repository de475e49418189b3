/** Where the fast copy of the blocklist is, and how to reach it. */

export interface RedisAddress {
  readonly host: string
  readonly port: number
}

/** PEM texts, already read from the files that the settings name. */
export interface RedisTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

interface RedisAccess {
  readonly username?: string
  readonly password?: string
  /** null is plaintext: loopback, or asked for by name. */
  readonly tls: RedisTls | null
  /** Before every key, its colon included: `meander:blocklist:`. */
  readonly prefix: string
}

export type RedisSettings = RedisAccess &
  (
    | ({ readonly kind: 'single'; readonly db: number } & RedisAddress)
    | { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] }
    | {
        readonly kind: 'sentinel'
        readonly sentinels: readonly RedisAddress[]
        readonly name: string
        readonly db: number
      }
  )
