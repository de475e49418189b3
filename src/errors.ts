/**
 * Every failure that has a name: its code, the exit code of the process and, where the database
 * raises it, the SQLSTATE. The numbers are the contract with runbooks and CI jobs.
 */

export const exitCodes = {
  OK: 0,
  FAILED: 1,
  USAGE: 2,
  NOT_FOUND: 3,
  UNAUTHENTICATED: 4,
  REFUSED: 5,
  PARTIAL: 6,
  NOT_ENDED: 7,
  PENDING: 8,
  DECLINED: 9,
  UNKNOWN: 10,
  INTERRUPTED: 130,
  TERMINATED: 143,
} as const

export type ExitName = keyof typeof exitCodes

/** When a command ends so: for `help exit-codes`, the README and the man page. */
export const exitMeanings: Readonly<Record<ExitName, string>> = {
  OK: 'done; an already revoked or expired target counts as done; an empty list',
  FAILED: 'unexpected, or the database failed',
  USAGE: 'bad option, value, file or plan; no database configured; nobody to ask and no --yes',
  NOT_FOUND: 'a name is not within reach; nothing matched; an empty file',
  UNAUTHENTICATED: 'login refused, or no registered, enabled operator of an active user',
  REFUSED: 'the role may not do this; --max-affected exceeded; a plan that expired, was finished or drifted',
  PARTIAL: 'some items failed; each is named',
  NOT_ENDED: 'a check found access that has not ended, or a broken record',
  PENDING: 'committed in PostgreSQL, not yet told to Redis; what stays usable, and until when, is listed',
  DECLINED: 'answered no at the prompt',
  UNKNOWN: 'the connection was lost at commit; running again tells',
  INTERRUPTED: 'Ctrl-C; what is committed is stated, the rest is rolled back',
  TERMINATED: 'SIGTERM; the same',
}
export type ErrorCode = Exclude<ExitName, 'OK'>

/** The SQLSTATEs of our own functions; `test/sql` holds this list and the `.sql` files equal. */
export const sqlStates = {
  MC300: 'USAGE', // an e-mail address that fits several users within reach
  MC400: 'USAGE', // an argument that no call may have
  MC401: 'UNAUTHENTICATED', // no registered, enabled operator of an active user
  MC403: 'REFUSED', // the role may not do this
  MC404: 'NOT_FOUND', // unknown or foreign: the same to the byte
  MC409: 'USAGE', // a request id or a plan that comes back with other contents
  MC410: 'REFUSED', // the session, token, user, grant or plan has ended
  MC412: 'FAILED', // not read committed, or the state is not what the act needs
  MC422: 'REFUSED', // an access token that would outlive its session
  MC428: 'REFUSED', // a global admin's read without a recorded intent
  MC500: 'FAILED', // a promise of the database that did not hold
} as const satisfies Record<string, ErrorCode>

/** The code of one of our SQLSTATEs. */
export const errorOfState = (state: string): ErrorCode =>
  (sqlStates as Record<string, ErrorCode>)[state] ?? 'FAILED'

export interface ErrorOptions {
  /** The command or setting that fixes it; shown on a line of its own. */
  readonly hint?: string | undefined
  /** One entry for each thing that is at fault: a row, an id, a candidate. */
  readonly details?: readonly unknown[]
  /** Where a function of the database raised it. */
  readonly sqlState?: string
  readonly cause?: unknown
}

/** A failure that the operator can understand: `message` says what and why, `hint` the fix. */
export class MeanderError extends Error {
  override readonly name = 'MeanderError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: readonly unknown[]
  readonly sqlState: string | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.details = options.details ?? []
    this.sqlState = options.sqlState
  }

  get exitCode(): number {
    return exitCodes[this.code]
  }
}

/** Where several endings apply to one command, the first of these is its exit code. */
const precedence: readonly ExitName[] = [
  'UNKNOWN',
  'INTERRUPTED',
  'TERMINATED',
  'FAILED',
  'NOT_ENDED',
  'PARTIAL',
  'PENDING',
  'NOT_FOUND',
]

/** The exit code of a command that ended in all of `names` at once. */
export const exitCodeOf = (names: readonly ExitName[]): number =>
  exitCodes[precedence.find((name) => names.includes(name)) ?? names.find((name) => name !== 'OK') ?? 'OK']

/** Why a file could not be opened, without the path and the system call that node names: who says it has named them. */
export const problemOfFile = (error: unknown): string => {
  const { code, message } = error as { readonly code?: string; readonly message: string }
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'EISDIR') return 'it is a folder'
  return message
}
