import type { Settings } from './settings.ts'
import type { Setting } from './variables.ts'

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
    { name: 'database', value: hosts, source: database?.kind ?? 'not configured' },
    ...Object.entries(settings.found)
      .filter(([name]) => !name.startsWith('MEANDERCTL_ORG') && !name.startsWith('MEANDERCTL_OUTPUT'))
      .map(([name, setting]) => row(name, setting)),
  ]
}
