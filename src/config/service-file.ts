import { join } from 'node:path'
import { MeanderError } from '../errors.ts'
import { readNamed } from './files.ts'
import type { VariableName } from './variables.ts'

const keys: Readonly<Record<string, VariableName>> = {
  host: 'PGHOST',
  hostaddr: 'PGHOSTADDR',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
}

/** One section of a libpq service file, as the variables that mean the same. */
export const readService = (
  service: string,
  file: string | undefined,
  home: string,
): Partial<Record<VariableName, string>> => {
  const path = file ?? join(home, '.pg_service.conf')
  const text = readNamed(path, file ? 'PGSERVICEFILE' : `PGSERVICE=${service}`)
  const found: Partial<Record<VariableName, string>> = {}
  let section: string | null = null
  let there = false
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const header = /^\[(.*)\]$/.exec(line)
    if (header) {
      section = header[1] ?? ''
      there ||= section === service
      continue
    }
    if (section !== service) continue
    const [key = '', value] = line.split(/=(.*)/s).map((part) => part.trim())
    const variable = Object.hasOwn(keys, key) ? keys[key] : undefined
    if (!variable || value === undefined) {
      throw new MeanderError(
        'USAGE',
        `${path}, line ${index + 1}: ${value === undefined ? 'there is no =' : `${key} is not supported`}`,
        {
          hint: `Known are ${Object.keys(keys).join(', ')}`,
        },
      )
    }
    // The first one counts, as for psql.
    found[variable] ??= value
  }
  if (!there) throw new MeanderError('USAGE', `The service ${service} is not in ${path}`)
  return found
}
