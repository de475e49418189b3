/** What the rest of the tool knows of PostgreSQL: a server reached by `connection.ts`, or the embedded one. */

export type Row = Record<string, unknown>

export interface Queryable {
  /**
   * Runs one statement with bound parameters. Values come back as: uuid, text and inet as string;
   * timestamptz as RFC 3339 in UTC with microseconds (`2026-01-31T12:00:00.123456Z`); int8 as number
   * where it is safe, else string; jsonb parsed; null as null.
   * @throws MeanderError for a SQLSTATE that has a name, else the driver's error.
   */
  query<R extends object = Row>(text: string, values?: readonly unknown[]): Promise<R[]>
}

export interface TransactionOptions {
  /** Roll back at the end whatever the work returned: a dry run. */
  readonly rollback?: boolean | ((result: never) => boolean)
  /**
   * Looks whether what this transaction stored is in the database, for the day when its number cannot tell: another
   * server took over at the COMMIT.
   */
  readonly isThere?: (db: Queryable) => Promise<boolean>
}

export interface Database extends Queryable {
  /** The server, for messages: `db.example.org:5432/meander`, or the folder of the embedded store. */
  readonly label: string
  readonly embedded: boolean
  /**
   * One explicit `begin isolation level read committed` … `commit`, run again from the start on 40P01
   * and 40001 (five times at most, with jitter). A COMMIT whose answer was lost is looked up with
   * `pg_xact_status`.
   * @throws MeanderError UNKNOWN when the outcome could not be learned.
   */
  transaction<T>(work: (transaction: Queryable) => Promise<T>, options?: TransactionOptions): Promise<T>
  /**
   * The bytes of `copy (…) to stdout`, whole, so for pages alone: several times as fast as rows. The server binds no
   * values in it: `$1` … are put in as literals.
   */
  copyOut(text: string, values: readonly (string | number | null)[]): Promise<Buffer>
  /** Calls `heard` for every NOTIFY on this channel from now on, and when the connection is lost. */
  listen(channel: string, heard: () => void): Promise<void>
  /** Asks the server to cancel what runs now: an interrupt. */
  cancel(): Promise<void>
  /** TLS protocol and cipher, or null for an unencrypted connection. */
  tls(): Promise<string | null>
  close(): Promise<void>
}
