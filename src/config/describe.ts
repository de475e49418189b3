import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from './environment.ts'
import { expandHome } from './files.ts'
import { homeOf } from './folders.ts'
import { isLocal } from './hosts.ts'
import type { Settings } from './settings.ts'
import type { Setting, VariableName } from './variables.ts'

export interface DescribedSetting {
  readonly name: string
  /** Secrets are `********`. */
  readonly value: string
  /** `environment`, or `environment (DATABASE_URL)` where another name said it. */
  readonly source: string
}

/** Every setting in force and who said so, for `doctor`; no secret is among them. */
export const describeSettings = (settings: Settings): DescribedSetting[] => {
  const row = (name: string, setting: Setting<unknown>): DescribedSetting => ({
    name,
    value: setting.value === null ? '' : String(setting.value),
    source: setting.name === name ? setting.source : `${setting.source} (${setting.name})`,
  })
  const { profile, envFile, output, columns, organization, timeout, color, pager } = settings
  const general = { profile, envFile, output, columns, organization, timeout, color, pager }
  const { input, accessible, quiet, debug } = settings
  const database = settings.database
  const hosts =
    database?.kind === 'server'
      ? database.hosts.map(({ host, port, tls }) => `${host}:${port} (TLS ${tls})`).join(', ')
      : (database?.folder ?? '')
  return [
    ...Object.entries({ ...general, input, accessible, quiet, debug }).map(([name, setting]) =>
      row(name, setting),
    ),
    {
      name: 'production',
      value: String(settings.production),
      source: settings.production ? 'profile' : 'default',
    },
    { name: 'database', value: hosts, source: database?.kind ?? 'not configured' },
    ...Object.entries(settings.found)
      .filter(([name]) => !name.startsWith('MEANDERCTL_ORG') && !name.startsWith('MEANDERCTL_OUTPUT'))
      .map(([name, setting]) => row(name, setting)),
  ]
}

/** What `doctor` needs to know of the settings, secrets masked: where they lead, and which files keep a secret. */
export const describeSetup = (settings: Settings, env: Environment) => {
  const { database, redis } = settings
  const place = (host: string, port: number) => ({ name: `${host}:${port}`, local: isLocal(host) })
  const places =
    redis === null
      ? []
      : redis.kind === 'single'
        ? [redis]
        : redis.kind === 'cluster'
          ? redis.nodes
          : redis.sentinels
  return {
    settings: describeSettings(settings),
    database:
      database?.kind === 'server'
        ? {
            user: database.user,
            hosts: database.hosts.map(({ host, address, port, tls }) => ({
              ...place(host, port),
              local: isLocal(address ?? host),
              tls,
            })),
            authority: database.tlsFiles.ca !== undefined,
          }
        : null,
    redis: redis && {
      places: places.map(({ host, port }) => place(host, port)),
      encrypted: redis.tls !== null,
    },
    signingKeyFile: settings.signingKeyFile,
    files: secretFiles(settings, homeOf(env)),
  }
}

/** Files that keep a secret of this run, with their modes. Others than these were refused when they were read. */
const secretFiles = ({ found, envFile, redis }: Settings, home: string) => {
  const said = (name: VariableName) => found[name]?.source === 'env file'
  const inEnvFile = said('PGPASSWORD') || said('REDIS_PASSWORD') || (said('REDIS_URL') && redis?.password)
  const service = found.PGSERVICE && (found.PGSERVICEFILE?.value ?? join(home, '.pg_service.conf'))
  const named: [name: string, path: string | null | undefined][] = [
    [envFile.name, inEnvFile ? envFile.value : null],
    ['PGSERVICEFILE', found.PGPASSWORD?.name === 'PGSERVICE' ? service : null],
    ['PGSSLKEY', found.PGSSLKEY?.value],
    ['PGPASSFILE', found.PGPASSFILE?.value],
    ['REDIS_TLS_KEY', found.REDIS_TLS_KEY?.value],
  ]
  return named.flatMap(([name, value]) => {
    if (!value) return []
    const path = expandHome(value, home)
    const stat = statSync(path, { throwIfNoEntry: false })
    // Where permissions mean something; a named pipe or a descriptor keeps nothing.
    if (!stat?.isFile() || process.platform === 'win32') return []
    return [
      { name, path, mode: (stat.mode & 0o777).toString(8).padStart(4, '0'), open: (stat.mode & 0o077) !== 0 },
    ]
  })
}
