import { isIP } from 'node:net'

/** What never leaves this machine needs no TLS. */
export const isLocal = (host: string): boolean => {
  const name = host.toLowerCase()
  if (name.startsWith('/')) return true
  if (isIP(name) === 4) return name.startsWith('127.')
  return name === 'localhost' || name === '::1' || name === '::ffff:127.0.0.1'
}

/** A whole number from 1 to 65535, or null. */
export const parsePort = (text: string): number | null => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65535 ? port : null
}

/** `db.example.org:5433`, `10.0.0.1`, `[::1]:5432`; null when it is none of these. */
export const parseHostPort = (text: string): { host: string; port: string } | null => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:@/?#[\]]*))(?::(.*))?$/.exec(text)
  if (!match) return null
  const [, six, name, port] = match
  if (six !== undefined && isIP(six) !== 6) return null
  return { host: six ?? name ?? '', port: port ?? '' }
}
