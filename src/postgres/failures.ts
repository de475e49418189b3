import { type ErrorCode, MeanderError, sqlStates } from '../errors.ts'

/** A session that kept ours waiting. */
export interface LockHolder {
  readonly login: string
  readonly pid: number
  /** Since when its transaction runs, in RFC 3339; null when the server does not say. */
  readonly since: string | null
}

/** What a message may say of the connection. */
export interface Place {
  readonly label: string
  readonly user: string
  /** Of one statement, in milliseconds. */
  readonly timeoutMs?: number | null | undefined
  /** Somebody asked the server to stop. */
  readonly cancelled?: boolean
  /** Who kept the statement waiting, as far as it was seen. */
  readonly holders?: readonly LockHolder[]
}

/** What the server says of a failure; the driver's class has the same fields. */
interface ServerError extends Error {
  readonly code: string
  readonly severity: string
  readonly detail?: string
  readonly hint?: string
}

/** The SQLSTATE where the server itself spoke. */
export const sqlState = (error: unknown): string | null =>
  error instanceof Error && 'severity' in error ? (error as ServerError).code : null

/** Another transaction was in the way: the same work may succeed at once. */
export const isRetryable = (error: unknown): boolean => ['40P01', '40001'].includes(sqlState(error) ?? '')

/** The connection is gone, or goes with this message. */
export const isLost = (error: unknown): boolean => {
  const state = sqlState(error)
  if (state !== null) return /^(57P0[1-5]|08...)$/.test(state)
  const { code, message } = error as NodeJS.ErrnoException
  return (
    /^(ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED|EHOSTUNREACH|ENETUNREACH)$/.test(code ?? '') ||
    /^Connection terminated|not queryable|after being closed/.test(message ?? '')
  )
}

/** A statement's failure as something that the operator can understand; what has no name stays what it was. */
export const asFailure = (error: unknown, place: Place): unknown => {
  if (error instanceof MeanderError) return error
  if (isLost(error)) {
    const message = `The connection to ${place.label} was lost: ${(error as Error).message}`
    return new MeanderError('FAILED', message, { hint: 'Run the same command again', cause: error })
  }
  const state = sqlState(error)
  if (state === null) return error
  const { message, hint, detail } = error as ServerError
  const fail = (code: ErrorCode, text: string, help?: string) =>
    new MeanderError(code, text, { hint: help, details: detailsOf(detail), sqlState: state, cause: error })

  if (Object.hasOwn(sqlStates, state)) {
    // Unknown and foreign alike: what there is, only the list of one's own tells.
    const help =
      hint ??
      (state === 'MC404' && message.includes('within your reach')
        ? 'See what is within your reach: meanderctl whoami'
        : undefined)
    return fail(sqlStates[state as keyof typeof sqlStates], message, help)
  }
  if (state === '57014') {
    if (place.cancelled) return fail('INTERRUPTED', 'Interrupted: what was in flight is rolled back')
    const limit = place.timeoutMs
      ? `the ${place.timeoutMs / 1000} s of --timeout`
      : "the server's statement_timeout"
    return fail(
      'FAILED',
      `A statement took longer than ${limit} and was rolled back`,
      'Give a longer --timeout',
    )
  }
  if (state === '55P03') {
    const [holder] = place.holders ?? []
    const who = holder ? describeHolders(place.holders ?? []) : 'Another transaction'
    const way = holder ? `; whoever may, ends it: select pg_terminate_backend(${holder.pid})` : ''
    return fail(
      'FAILED',
      `${who} holds what this one needs, and did not let go in time; nothing was changed`,
      hint ?? `Try again in a moment${way}`,
    )
  }
  if (state === '53100') {
    return fail(
      'FAILED',
      `The disk of ${place.label} is full: nothing was changed`,
      'Make room there, then run the same command again',
    )
  }
  if (state === '25006') {
    return fail(
      'FAILED',
      `${place.label} is read-only: ${message}`,
      'Name the primary, or set PGTARGETSESSIONATTRS=read-write',
    )
  }
  if (state === '42501') {
    // The schema itself is closed to whoever is in none of our roles; `meander_…` are the roles and functions.
    return /\bmeander\b/.test(message)
      ? fail(
          'UNAUTHENTICATED',
          `The login ${place.user} is no operator here: ${message}`,
          `An administrator registers it: meanderctl operators add ${place.user} --user EMAIL`,
        )
      : fail(
          'REFUSED',
          `The login ${place.user} may not do this: ${message}`,
          'See what it may: meanderctl whoami',
        )
  }
  // A name of ours is in the message, whatever its language: anything else is not about our schema.
  if (!message.includes('meander')) return error
  if (state === '3F000') {
    return fail(
      'FAILED',
      `Meander is not installed in ${place.label}: ${message}`,
      'An administrator installs it: meanderctl db migrate',
    )
  }
  if (['42883', '42P01', '42703'].includes(state)) {
    return fail(
      'FAILED',
      `The schema in ${place.label} does not fit this version of meanderctl: ${message}`,
      'An administrator brings it up to date: meanderctl db migrate',
    )
  }
  return error
}

/** `kari (process 4711, in a transaction since 2026-01-31T12:00:00Z)`. */
const describeHolders = (holders: readonly LockHolder[]): string =>
  holders
    .map(
      ({ login, pid, since }) =>
        `${login} (process ${pid}${since === null ? '' : `, in a transaction since ${since}`})`,
    )
    .join(' and ')

/** Our functions send a list as JSON; everything else is text. */
const detailsOf = (detail: string | undefined): readonly unknown[] => {
  if (detail === undefined) return []
  try {
    const parsed: unknown = JSON.parse(detail)
    return Array.isArray(parsed) ? parsed : [parsed]
  } catch {
    return [detail]
  }
}
