/** What INFO says of a server, and whether the blocklist can live there. */

import type { Cause } from './causes.ts'

export type Info = Readonly<Record<string, string>>

/** The fields of an INFO reply. */
export const parseInfo = (text: string): Info =>
  Object.fromEntries(
    text
      .split(/\r?\n/)
      .filter((line) => line.includes(':') && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )

/** `Redis 7.0.15`, `Valkey 8.1.0`: Valkey keeps 7.2.4 in redis_version for those who ask for that. */
export const versionOf = (info: Info): string =>
  info.valkey_version ? `Valkey ${info.valkey_version}` : `Redis ${info.redis_version ?? 'unknown'}`

export type Mode = 'standalone' | 'cluster' | 'sentinel'

const settingOf: Readonly<Record<Mode, string>> = {
  standalone: 'REDIS_URL',
  cluster: 'REDIS_CLUSTER_NODES',
  sentinel: 'REDIS_SENTINELS',
}

/** Why this server cannot be used as `mode`; null when it can. */
export const unfit = (info: Info, mode: Mode): Cause | null => {
  const major = Number.parseInt(info.redis_version ?? '', 10)
  if (!(major >= 7)) {
    return {
      code: 'VERSION',
      message: `${versionOf(info)} is too old: before 7.0 an expiry cannot be kept from shrinking (PEXPIRE … GT)`,
    }
  }
  const actual = (info.redis_mode ?? 'standalone') as Mode
  if (actual !== mode) {
    const setting = settingOf[actual] ?? 'its own setting'
    return { code: 'MODE', message: `it runs as ${actual}, not as ${mode}: name it in ${setting}` }
  }
  return info.loading === '1' ? { code: 'LOADING', message: 'LOADING: it is still loading its data' } : null
}
