import { errorOfState, MeanderError, type sqlStates } from '../errors.ts'
import type { Database, Queryable, Row } from './database.ts'

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Moments inside jsonb come as `…+00:00`; everywhere else as `…Z`. */
const utc = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/.test(value)
    ? value.replace('+00:00', 'Z')
    : value

/** The same value with camelCase keys, all the way down. Audit details keep their own keys: they are in camelCase already. */
export const camelize = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(camelize)
  if (value === null || typeof value !== 'object') return utc(value)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camel(key), camelize(inner)]))
}

const statement = (name: string, args: object): [text: string, values: unknown[]] => [
  `select * from meander.${name}(${Object.keys(args)
    .map((key, index) => `${key} => $${index + 1}`)
    .join(', ')})`,
  Object.values(args),
]

/** Only an administrator, or the Authentication Module, may call these. */
const isNoOperators = (name: string): boolean =>
  /_operators?$|^terminate_login$|_user_sessions?$|^end_other_sessions$/.test(name)

/** Calls a function, and says of a login that may call none that it is no operator. */
const asking = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
  try {
    return await call()
  } catch (error) {
    const denied = error instanceof MeanderError && error.code === 'REFUSED' && error.sqlState === '42501'
    if (!denied || isNoOperators(name)) throw error
    // Every operator may call all the others, whatever comes of it then.
    const { message, hint } = error
    throw new MeanderError('UNAUTHENTICATED', `${message}; it is no operator`, {
      hint,
      sqlState: '42501',
      cause: error,
    })
  }
}

const ask = (db: Queryable, name: string, args: object): Promise<Row[]> =>
  asking(name, () => db.query(...statement(name, args)))

/** Rows of a function that returns a table. Arguments are named as in the `.sql` file: `{ p_limit: 50 }`. */
export const callRows = async <R>(db: Queryable, name: string, args: object): Promise<R[]> => {
  const rows = await ask(db, name, args)
  const [first] = rows
  if (first === undefined) return []
  const names = Object.keys(first).map((key) => [key, camel(key)] as const)
  return rows.map((row) => Object.fromEntries(names.map(([key, to]) => [to, row[key]])) as R)
}

/** The same rows as the bytes of COPY in its text form: a line each, the fields between tabs. */
export const copyRows = (
  db: Pick<Database, 'copyOut'>,
  name: string,
  args: Readonly<Record<string, string | number | null>>,
): Promise<Buffer> => {
  const [text, values] = statement(name, args)
  return asking(name, () => db.copyOut(`copy (${text}) to stdout`, values as (string | number | null)[]))
}

/** The one value of a function that returns a scalar or a JSON document. */
export const callValue = async <V>(db: Queryable, name: string, args: object): Promise<V> => {
  const [row] = await ask(db, name, args)
  return camelize(Object.values(row ?? { nothing: null })[0]) as V
}

/** What a function returns instead of a result when it refuses, so that the refusal can be committed. */
export interface Refusal {
  readonly refused: {
    readonly sqlstate: keyof typeof sqlStates
    readonly message: string
    /** One entry for each thing that is at fault. */
    readonly details?: readonly string[]
  }
}

/** Whether a function returned a refusal, which is on the record, and not its result. */
export const isRefusal = (result: unknown): result is Refusal =>
  typeof result === 'object' && result !== null && 'refused' in result && typeof result.refused === 'object'

/** The result, once its transaction is committed. @throws MeanderError when it is a refusal. */
export const unlessRefused = <V>(result: V | Refusal): V => {
  if (!isRefusal(result)) return result
  const { sqlstate, message, details = [] } = result.refused
  throw new MeanderError(errorOfState(sqlstate), `Refused: ${message}.`, { details })
}
