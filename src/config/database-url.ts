import { MeanderError } from '../errors.ts'
import { parseHostPort, parsePort } from './hosts.ts'
import type { VariableName } from './variables.ts'

/** What may stand behind the `?`. Everything else is refused: each of libpq's other parameters changes who or what is reached. */
const parameters: Readonly<Record<string, VariableName>> = {
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
}

const reasons: Readonly<Record<string, string>> = {
  application_name: 'it is always meanderctl, because every login can read it',
  host: 'the host stands before the first slash',
  hostaddr: 'use PGHOSTADDR',
  port: 'the port stands behind the host',
  user: 'the user stands before the @',
  password: 'the password stands before the @, or better in PGPASSWORD',
  dbname: 'the database stands behind the slash',
  options: 'it can change how the server reads our statements',
}

/**
 * `postgresql://user:password@a:1,b:2/database?sslmode=…` as the variables that mean the same.
 * No message quotes the text: it may hold a password, and where exactly cannot be known when it is malformed.
 */
export const parseDatabaseUrl = (url: string, name: string): Partial<Record<VariableName, string>> => {
  const refuse = (what: string, hint?: string): never => {
    throw new MeanderError('USAGE', `${name}: ${what}`, { hint })
  }
  const decode = (text: string, part: string): string => {
    try {
      return decodeURIComponent(text)
    } catch {
      return refuse(`the ${part} has a % that is not the start of an escape`, 'A % itself is written %25')
    }
  }
  const match = /^postgres(?:ql)?:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(url)
  if (!match) return refuse('this is no database URL', 'postgresql://user@host:5432/database')
  const [, authority = '', database = '', query = ''] = match

  const at = authority.lastIndexOf('@')
  const [user = '', ...rest] = at < 0 ? [] : authority.slice(0, at).split(':')
  const places = authority
    .slice(at + 1)
    .split(',')
    .map(
      (place) =>
        parseHostPort(place) ??
        refuse('the host is malformed', 'Special characters in the password are written as %XX'),
    )
  for (const { port } of places)
    if (port && parsePort(port) === null) refuse('a port is not a number from 1 to 65535')
  const hosts = places.map(({ host }) => decode(host, 'host')).join(',')
  const ports = places.map(({ port }) => port).join(',')

  const found: Partial<Record<VariableName, string>> = {
    PGUSER: decode(user, 'user'),
    PGPASSWORD: decode(rest.join(':'), 'password'),
    PGHOST: /[^,]/.test(hosts) ? hosts : '',
    PGPORT: /[^,]/.test(ports) ? ports : '',
    PGDATABASE: decode(database, 'database'),
  }
  const seen = new Set<string>()
  for (const pair of query ? query.split('&') : []) {
    const [key = '', value = ''] = pair.split(/=(.*)/s)
    const variable = Object.hasOwn(parameters, key) ? parameters[key] : undefined
    if (!variable)
      return refuse(
        `the parameter ${key} is not allowed: ${reasons[key] ?? `known are ${Object.keys(parameters).join(', ')}`}`,
      )
    if (seen.has(key)) return refuse(`the parameter ${key} is given twice`)
    seen.add(key)
    if (!value) return refuse(`the parameter ${key} has no value`)
    found[variable] = decode(value, `parameter ${key}`)
  }
  return found
}
