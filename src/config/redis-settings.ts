import { MeanderError } from '../errors.ts'
import { expandHome, readNamed } from './files.ts'
import { isLocal, parseHostPort, parsePort } from './hosts.ts'
import { secretive } from './secrets.ts'
import type { Layer, VariableName } from './variables.ts'

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

/** The Redis that `values` name, checked; null where they name none. */
export const redisSettings = (values: Layer, home: string): RedisSettings | null => {
  const settings = resolve(values, home)
  return settings && secretive(settings, ['password', 'tls'])
}

const resolve = (values: Layer, home: string): RedisSettings | null => {
  const get = (name: VariableName): string | undefined => values[name]?.value
  const kinds = (['REDIS_URL', 'REDIS_CLUSTER_NODES', 'REDIS_SENTINELS'] as const).filter(get)
  const [kind, second] = kinds
  if (!kind) return null
  if (second) usage(`${kind} and ${second} are both set: which Redis is meant?`, 'Unset one of them')

  const file = (name: VariableName): string | undefined => {
    const path = get(name)
    return path === undefined ? undefined : readNamed(expandHome(path, home), name)
  }
  // `system`: TLS with the authorities that Node trusts, where no URL can say rediss://.
  const system = get('REDIS_TLS_CA') === 'system'
  const ca = system ? undefined : file('REDIS_TLS_CA')
  const cert = file('REDIS_TLS_CERT')
  const key = file('REDIS_TLS_KEY')
  if ((cert === undefined) !== (key === undefined)) usage('REDIS_TLS_CERT and REDIS_TLS_KEY belong together')
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }

  const url = kind === 'REDIS_URL' ? parseRedisUrl(get('REDIS_URL') ?? '') : null
  const wanted = system || Object.keys(files).length > 0
  const secure = url ? url.secure : wanted
  if (wanted && !secure)
    usage('A REDIS_TLS_… variable is set, but REDIS_URL is redis://', 'Write rediss:// for TLS')
  const places = url ? [url] : addresses(get(kind) ?? '', kind, kind === 'REDIS_SENTINELS' ? 26379 : 6379)
  const far = places.find(({ host }) => !isLocal(host))
  if (!secure && far && get('MEANDERCTL_ALLOW_PLAINTEXT_REDIS') !== '1') {
    usage(
      `Redis at ${far.host} would be spoken to without TLS, password and blocklist readable on the way`,
      url
        ? 'Write rediss:// in REDIS_URL, or set MEANDERCTL_ALLOW_PLAINTEXT_REDIS=1 on a network that you trust'
        : 'Set REDIS_TLS_CA, or MEANDERCTL_ALLOW_PLAINTEXT_REDIS=1 on a network that you trust',
    )
  }
  const username = url?.username ?? get('REDIS_USERNAME')
  const password = url?.password ?? get('REDIS_PASSWORD')
  const access: RedisAccess = {
    ...(username && { username }),
    ...(password && { password }),
    tls: secure ? files : null,
    prefix: get('MEANDERCTL_REDIS_PREFIX') ?? 'meander:blocklist:',
  }
  if (url) return { kind: 'single', host: url.host, port: url.port, db: url.db, ...access }
  if (kind === 'REDIS_CLUSTER_NODES') return { kind: 'cluster', nodes: places, ...access }
  const name = get('REDIS_SENTINEL_NAME') ?? usage('REDIS_SENTINELS needs REDIS_SENTINEL_NAME')
  return { kind: 'sentinel', sentinels: places, name, db: 0, ...access }
}

const usage = (message: string, hint?: string): never => {
  throw new MeanderError('USAGE', message, { hint })
}

const addresses = (text: string, name: string, usualPort: number): RedisAddress[] =>
  text.split(',').map((one) => {
    const place = parseHostPort(one.trim())
    const port = place && (place.port ? parsePort(place.port) : usualPort)
    if (!place?.host || !port) return usage(`${name} is a list of host:port, separated by commas`)
    return { host: place.host, port }
  })

/** No message quotes the text: it may hold a password. */
const parseRedisUrl = (text: string) => {
  const example = 'redis://127.0.0.1:6379/0 or rediss://user@redis.example.org:6380'
  const url = URL.canParse(text) ? new URL(text) : usage('REDIS_URL is no URL', example)
  const secure = url.protocol === 'rediss:'
  if (!secure && url.protocol !== 'redis:') usage('REDIS_URL is neither redis:// nor rediss://', example)
  const parameter = [...url.searchParams.keys()][0]
  if (parameter !== undefined) usage(`REDIS_URL: the parameter ${parameter} is not allowed`, example)
  const db = /^\/?(\d{0,5})$/.exec(url.pathname)?.[1]
  if (!url.hostname || db === undefined || url.hash) usage('REDIS_URL is malformed', example)
  const decode = (part: string): string | undefined => {
    try {
      return decodeURIComponent(part) || undefined
    } catch {
      return usage('REDIS_URL has a % that is not the start of an escape', 'A % itself is written %25')
    }
  }
  return {
    secure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port ? Number(url.port) : 6379,
    db: Number(db),
    username: decode(url.username),
    password: decode(url.password),
  }
}
