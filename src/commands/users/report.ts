import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MeanderError } from '../../errors.ts'

/** One row for each row that came in; the columns of every report. */
export interface ReportRow {
  readonly row: number
  readonly email: string
  readonly userId: string
  readonly reason: string
  readonly ticket: string
  readonly outcome: string
  readonly sessionsRevoked: number
  readonly message: string
}

/** A report in the making: whole under its name, or not there. */
export interface Report {
  add(row: ReportRow): Promise<void>
  /** Synced and renamed into place. */
  finish(): Promise<void>
  /** Leaves nothing behind. */
  discard(): Promise<void>
}

const header = 'row,email,user_id,reason,ticket,outcome,sessions_revoked,message\n'
const rowsAtOnce = 500

/**
 * Begins a report beside its final place, readable by its owner alone. `cell` keeps a cell from being a formula.
 * @throws MeanderError USAGE before anything is done, when it cannot be written there.
 */
export const beginReport = async (path: string, cell: (text: string) => string): Promise<Report> => {
  const { stringify } = await import('csv-stringify/sync')
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.part`)
  const file = await open(draft, 'wx', 0o600).catch((error: Error) => {
    throw new MeanderError('USAGE', `The report ${path} cannot be written: ${error.message}.`, {
      cause: error,
    })
  })
  await file.write(header)
  let waiting: ReportRow[] = []
  const flush = async () => {
    const rows = waiting.map((r) => [
      r.row,
      ...[r.email, r.userId, r.reason, r.ticket, r.outcome].map(cell),
      r.sessionsRevoked,
      cell(r.message),
    ])
    waiting = []
    if (rows.length > 0) await file.write(stringify(rows))
  }
  return {
    async add(row) {
      waiting.push(row)
      if (waiting.length >= rowsAtOnce) await flush()
    },
    async finish() {
      await flush()
      await file.sync()
      await file.close()
      await rename(draft, path)
    },
    async discard() {
      await file.close().catch(() => {})
      await rm(draft, { force: true })
    },
  }
}
