import { constants, createReadStream, openSync } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Context } from '../../context.ts'
import { MeanderError, problemOfFile } from '../../errors.ts'
import { problemOfText } from '../../service/record-text.ts'
import type { UserRow, UserRows } from '../../service/users/rows.ts'
import { longestLine, utf8Only } from './utf8-only.ts'

/** A CSV file of users, copied aside so that it is the same each time it is gone through. */
export interface UserFile extends UserRows {
  close(): Promise<void>
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Columns that mean something, and those of a report, which may be there and mean nothing. */
const meant = ['email', 'user_id', 'reason', 'ticket'] as const
const ignored = ['row', 'outcome', 'sessions_revoked', 'message']

/**
 * Opens the list: a path, or `-` for standard input; a pipe will do.
 * @throws MeanderError USAGE for what is no readable UTF-8, naming the line.
 */
export const openUserFile = async (
  path: string,
  { terminal, signal }: Pick<Context, 'terminal' | 'signal'>,
): Promise<UserFile> => {
  const folder = await mkdtemp(join(tmpdir(), 'meanderctl-'))
  const copy = await open(join(folder, 'users.csv'), 'wx+', 0o600)
  // The open file outlives its name: however the run ends, no list of people is left behind.
  await rm(folder, { recursive: true })
  try {
    const source = path === '-' ? Readable.from(terminal.readStdin()) : await openSource(path)
    await pipeline(source, utf8Only(path), (bytes: AsyncIterable<Buffer>) => writeFile(copy, bytes), {
      signal,
    })
    return {
      rows: () => parseRows(path, () => Readable.from(bytesOf(copy))),
      close: () => copy.close(),
    }
  } catch (error) {
    await copy.close()
    signal.throwIfAborted()
    if (error instanceof MeanderError) throw error
    throw new MeanderError('USAGE', `${path} cannot be read: ${problemOfFile(error)}.`, { cause: error })
  }
}

/** A pipe is waited for as a socket is: opened as a file it could not be let go of before somebody writes. */
const openSource = async (path: string): Promise<Readable> => {
  if (!(await stat(path)).isFIFO()) return createReadStream(path)
  return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false })
}

/** From its beginning, by positions: so it can be gone through again, and by two at once. */
async function* bytesOf(file: FileHandle): AsyncGenerator<Buffer, void> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function* parseRows(path: string, bytes: () => Readable): AsyncGenerator<UserRow, void> {
  const { parse } = await import('csv-parse')
  /** Where the last whole row ended. */
  let line = 0
  const parser = bytes().pipe(
    parse({
      bom: true,
      delimiter: await delimiterOf(bytes),
      max_record_size: longestLine,
      on_record: (record: string[], { lines }) => {
        line = lines
        return record
      },
      relax_column_count: true,
      skip_records_with_empty_values: true,
      skip_empty_lines: true,
      trim: true,
    }),
  )
  let columns: Columns | null = null
  let row = 0
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      const record = withoutEmptyEnd(cells)
      if (columns === null) columns = columnsOf(path, record)
      else {
        row += 1
        yield rowOf(row, record, columns)
      }
    }
  } catch (error) {
    if (error instanceof MeanderError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    // The parser names the line where it gave up: the last one, or a megabyte further on.
    const open = code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE'
    const what = open ? `, line ${line + 1}: a quote is opened and not closed` : `: ${message}`
    throw new MeanderError('USAGE', `${path}${what}.`, {
      hint: 'Mend the file: nothing was done.',
      cause: error,
    })
  }
  if (columns === null || row === 0) {
    throw new MeanderError('NOT_FOUND', `${path} names no user.`, {
      hint: 'A header with email or user_id, then one row for each user.',
    })
  }
}

/** Spreadsheet programs of many countries write semicolons. */
const delimiterOf = async (bytes: () => Readable): Promise<string> => {
  for await (const chunk of bytes()) {
    const [header = ''] = String(chunk).split('\n', 1)
    return header.includes(';') && !header.includes(',') ? ';' : ','
  }
  return ','
}

interface Columns {
  readonly width: number
  readonly at: Partial<Record<(typeof meant)[number], number>>
}

const columnsOf = (path: string, header: readonly string[]): Columns => {
  const names = header.map((name) => name.toLowerCase())
  const known: readonly string[] = [...meant, ...ignored]
  const refuse = (what: string): never => {
    throw new MeanderError('USAGE', `${path}: ${what}.`, {
      hint: `The header names email or user_id, and may name reason and ticket; a report’s columns are ignored.`,
    })
  }
  if (!names.includes('email') && !names.includes('user_id'))
    refuse('the first line is no header with email or user_id')
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) refuse(`the header has an unknown column ${JSON.stringify(unknown)}`)
  const double = names.find((name, index) => names.indexOf(name) !== index)
  if (double !== undefined) refuse(`the header names ${double} twice`)
  return {
    width: names.length,
    at: Object.fromEntries(
      meant.flatMap((name) => (names.includes(name) ? [[name, names.indexOf(name)]] : [])),
    ),
  }
}

/** A report writes '=… for =…, so that no spreadsheet takes it for a formula; read back, the apostrophe goes. */
const plain = (cell: string | undefined): string =>
  (cell ?? '').replace(/^'(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])/, '')

/** Spreadsheet programs write as many separators as the widest row has, also after an empty column. */
const withoutEmptyEnd = (record: string[]): string[] =>
  record.slice(0, record.findLastIndex((cell) => cell !== '') + 1)

const rowOf = (row: number, record: readonly string[], { width, at }: Columns): UserRow => {
  const cell = (name: (typeof meant)[number]) => {
    const index = at[name]
    return index === undefined ? '' : plain(record[index])
  }
  const fields = {
    email: cell('email'),
    userId: cell('user_id'),
    reason: cell('reason'),
    ticket: cell('ticket'),
  }
  return {
    row,
    email: fields.email,
    userId: fields.userId,
    reason: fields.reason || null,
    ticket: fields.ticket || null,
    problem:
      record.length > width ? `it has ${record.length} fields, the header ${width}` : problemOf(fields),
  }
}

/** Why a row names nobody, whoever there is; null when it is well formed. */
export const problemOf = ({
  email,
  userId,
  reason,
  ticket,
}: {
  email: string
  userId: string
  reason: string
  ticket: string
}): string | null => {
  if (userId !== '' && !uuid.test(userId)) return 'the user id is no uuid'
  if (userId === '' && email === '') return 'it names neither an e-mail address nor a user id'
  if (userId === '' && !/^[^\s@]+@[^\s@]+$/.test(email)) return 'the e-mail address is malformed'
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/u.test(email))
    return 'the e-mail address has invisible characters'
  for (const [what, text] of Object.entries({ reason, ticket }) as ['reason' | 'ticket', string][]) {
    const problem = text === '' ? null : problemOfText(what, text)
    if (problem !== null) return `the ${what} ${problem}`
  }
  return null
}

/** The users named on the command line, as rows. */
export const namedRows = (names: readonly string[]): UserRows => ({
  async *rows() {
    for (const [index, name] of names.entries()) {
      const byId = uuid.test(name)
      const fields = { email: byId ? '' : name, userId: byId ? name : '', reason: '', ticket: '' }
      yield {
        row: index + 1,
        email: fields.email,
        userId: fields.userId,
        reason: null,
        ticket: null,
        problem: problemOf(fields),
      }
    }
  },
})
