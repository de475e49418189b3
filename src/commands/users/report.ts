import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { beginFile } from '../shared/whole-file.ts'

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
  /** @throws MeanderError FAILED when any part of it could not be written. */
  finish(): Promise<void>
  /** Leaves nothing behind of what was not finished. */
  discard(): Promise<void>
}

const header = 'row,email,user_id,reason,ticket,outcome,sessions_revoked,message\n'
const rowsAtOnce = 500

/**
 * Begins the report that `--report` asks for; null when none is asked for.
 * @throws MeanderError USAGE before anything is done, when it cannot be written there.
 */
export const beginReport = async (
  path: string | undefined,
  { terminal }: Pick<Context, 'terminal'>,
): Promise<Report | null> => {
  if (path === undefined) return null
  const [{ stringify }, { cleanCsvCell: cell }] = await Promise.all([
    import('csv-stringify/sync'),
    terminal.style(),
  ])
  const file = await beginFile(path, 'report')
  let waiting: ReportRow[] = []
  let failure: unknown = null
  // A full disk must not keep the users who are still to come from being ended: it is told at the end.
  const write = async (text: string) => {
    if (failure === null) await file.write(text).catch((error) => (failure = error))
  }
  const flush = async () => {
    const rows = waiting.map((r) => [
      r.row,
      ...[r.email, r.userId, r.reason, r.ticket, r.outcome].map(cell),
      r.sessionsRevoked,
      cell(r.message),
    ])
    waiting = []
    if (rows.length > 0) await write(stringify(rows))
  }
  await write(header)
  return {
    async add(row) {
      waiting.push(row)
      if (waiting.length >= rowsAtOnce) await flush()
    },
    async finish() {
      await flush()
      if (failure === null) await file.finish().catch((error) => (failure = error))
      if (failure === null) return
      throw new MeanderError('FAILED', `The report ${path} could not be written: ${messageOf(failure)}.`, {
        hint: 'What was done stays done; run it again with another --report: it says what became of each row.',
        cause: failure,
      })
    },
    discard: () => file.discard(),
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
