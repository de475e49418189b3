/** Everything that can be set from outside; `.env.example` explains each, and a test holds the two equal. */

interface Variable {
  /** Its key in a profile. Passwords have none: no secret is ever in a profile. */
  readonly profile?: string
  /** Never shown: not in errors, not by `doctor`. */
  readonly secret?: true
}

const list = {
  DATABASE_URL: { profile: 'databaseUrl', secret: true },
  PGHOST: {},
  PGHOSTADDR: {},
  PGPORT: {},
  PGUSER: {},
  PGPASSWORD: { secret: true },
  PGPASSFILE: {},
  PGDATABASE: {},
  PGSERVICE: {},
  PGSERVICEFILE: {},
  PGCONNECT_TIMEOUT: {},
  PGTARGETSESSIONATTRS: {},
  PGSSLMODE: {},
  PGSSLROOTCERT: { profile: 'sslRootCert' },
  PGSSLCERT: { profile: 'sslCert' },
  PGSSLKEY: { profile: 'sslKey' },
  REDIS_URL: { profile: 'redisUrl', secret: true },
  REDIS_CLUSTER_NODES: { profile: 'redisClusterNodes' },
  REDIS_SENTINELS: { profile: 'redisSentinels' },
  REDIS_SENTINEL_NAME: { profile: 'redisSentinelName' },
  REDIS_USERNAME: { profile: 'redisUsername' },
  REDIS_PASSWORD: { secret: true },
  REDIS_TLS_CA: { profile: 'redisTlsCa' },
  REDIS_TLS_CERT: { profile: 'redisTlsCert' },
  REDIS_TLS_KEY: { profile: 'redisTlsKey' },
  MEANDERCTL_ALLOW_PLAINTEXT_REDIS: {},
  MEANDERCTL_REDIS_PREFIX: { profile: 'redisPrefix' },
  MEANDERCTL_SIGNING_KEY_FILE: { profile: 'signingKeyFile' },
  MEANDERCTL_PROFILE: {},
  MEANDERCTL_ENV_FILE: {},
  MEANDERCTL_ORG: { profile: 'organization' },
  MEANDERCTL_OUTPUT: { profile: 'output' },
  MEANDERCTL_ACCESSIBLE: {},
  NO_COLOR: {},
  FORCE_COLOR: {},
  PAGER: {},
  XDG_CONFIG_HOME: {},
  XDG_DATA_HOME: {},
} as const satisfies Record<string, Variable>

export type VariableName = keyof typeof list

export const variables: Readonly<Record<VariableName, Variable>> = list

export const variableNames = Object.keys(list) as VariableName[]

export type Source = 'flag' | 'environment' | 'env file' | 'profile' | 'default'

/** A value, and who said so. */
export interface Setting<T> {
  readonly value: T
  readonly source: Source
  /** What to look for there: `--output`, `PGHOST`, `databaseUrl`. */
  readonly name: string
}

/** One place that values come from. What is not in it, the next one is asked for. */
export type Layer = Partial<Record<VariableName | 'passwordCommand', Setting<string>>>

/** The variables of `values` that are known and not empty: `X=` is the same as no X, as for psql. */
export const layerOf = (source: Source, values: Readonly<Record<string, string | undefined>>): Layer =>
  Object.fromEntries(
    variableNames.flatMap((name) => {
      const value = values[name]
      return value ? [[name, { value, source, name }]] : []
    }),
  )
