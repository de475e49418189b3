import { parseDatabaseUrl } from './database-url.ts'
import { readService } from './service-file.ts'
import type { Layer, Setting, VariableName } from './variables.ts'

/** A URL and a service stand for the variables that mean the same, and go before them, as for psql. */
export const expand = (layer: Layer, home: string): Layer => {
  const { DATABASE_URL: url, PGSERVICE: service } = layer
  const parts = (from: Setting<string>, values: Partial<Record<VariableName, string>>): Layer =>
    Object.fromEntries(
      Object.entries(values)
        .filter(([, value]) => value !== '')
        .map(([name, value]) => [name, { ...from, value }]),
    )
  return {
    ...layer,
    ...(service && parts(service, readService(service.value, layer.PGSERVICEFILE?.value, home))),
    ...(url && parts(url, parseDatabaseUrl(url.value, url.name))),
  }
}
