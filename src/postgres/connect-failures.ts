import { MeanderError } from '../errors.ts'
import { sqlState } from './failures.ts'

interface Attempt {
  readonly label: string
  readonly host: string
  readonly user: string
  readonly database: string
  readonly encrypted: boolean
  readonly timeoutMs: number | null
}

/** Nobody answered there, so that the next host of a list is worth a try; a refusal by a server is an answer. */
export const isUnreachable = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false
  const state = sqlState(error)
  if (state !== null) return state === '57P03'
  const { code = '', message }: NodeJS.ErrnoException = error
  return (
    /^(ECONN|EHOST|ENET|ENOTFOUND|EAI_|ETIMEDOUT|ENOENT|EPIPE|EACCES)/.test(code) ||
    message === 'timeout expired' ||
    message === 'Connection terminated unexpectedly'
  )
}

/** Why nobody could log in there: what, why and the fix. */
export const asConnectFailure = (error: unknown, at: Attempt): MeanderError => {
  if (error instanceof MeanderError) return error
  const fail = (code: 'FAILED' | 'UNAUTHENTICATED', message: string, hint?: string) =>
    new MeanderError(code, message, { hint, cause: error })
  const { code = '', message } = error as NodeJS.ErrnoException
  const state = sqlState(error)

  // The second is how pgbouncer says it.
  if (state === '28P01' || (state === '08P01' && /authentication failed|no such user/.test(message)))
    return fail(
      'UNAUTHENTICATED',
      `${at.label} refused the login ${at.user}: ${message}`,
      'Check PGUSER and the password (PGPASSWORD, PGPASSFILE or passwordCommand)',
    )
  if (state?.startsWith('28')) {
    const hint = at.encrypted
      ? 'The owner of the database lets logins in, in pg_hba.conf'
      : 'If the server wants TLS, set PGSSLMODE=verify-full'
    return fail('UNAUTHENTICATED', `${at.label} refused the login ${at.user}: ${message}`, hint)
  }
  if (state === '3D000')
    return fail('FAILED', `${at.label}: ${message}`, 'Check PGDATABASE, or the end of DATABASE_URL')
  if (state !== null) return fail('FAILED', `${at.label}: ${message}`)

  if (message === 'The server does not support SSL connections') {
    return fail(
      'FAILED',
      `${at.label} does not offer TLS, so nothing was sent to it`,
      'Switch TLS on at the server; only on a network that you trust: PGSSLMODE=disable',
    )
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const [, why = message] = message.split(/altnames: /)
    return fail(
      'FAILED',
      `The certificate of ${at.label} is for somebody else: ${why}`,
      `Connect by the name that it is for (PGHOSTADDR may give the address), or check who answers at ${at.host}`,
    )
  }
  if (/CERT|SELF_SIGNED|ISSUER|UNABLE_TO/.test(code)) {
    return fail(
      'FAILED',
      `The certificate of ${at.label} is not trusted: ${message}`,
      "Set PGSSLROOTCERT to the file with the authority's certificate",
    )
  }
  if (
    code.startsWith('ERR_SSL') ||
    code === 'EPROTO' ||
    message === 'There was an error establishing an SSL connection'
  ) {
    return fail('FAILED', `TLS with ${at.label} failed: ${message}`)
  }
  if (/^SASL: .*signature does not match/.test(message)) {
    return fail(
      'FAILED',
      `The server at ${at.label} does not know the password of ${at.user}: it may not be the one that you mean`,
    )
  }
  if (message.startsWith('SASL'))
    return fail('UNAUTHENTICATED', `The login at ${at.label} failed: ${message}`)
  if (message === 'timeout expired') {
    return fail(
      'FAILED',
      `${at.label} did not answer within ${(at.timeoutMs ?? 0) / 1000} s`,
      'Check the address; PGCONNECT_TIMEOUT is the time in seconds',
    )
  }
  if (code === 'ECONNREFUSED')
    return fail(
      'FAILED',
      `Nothing listens at ${at.label}: connection refused`,
      'Check PGHOST and PGPORT, or DATABASE_URL, and that the server runs',
    )
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return fail('FAILED', `The host ${at.host} is unknown`, 'Check PGHOST, or the host in DATABASE_URL')
  if (code === 'ENOENT')
    return fail(
      'FAILED',
      `There is no socket for ${at.label}`,
      'Check that the server runs on this machine, or set PGHOST',
    )
  return fail('FAILED', `${at.label} cannot be reached: ${message || code}`)
}
