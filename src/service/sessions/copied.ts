import type { Session, SessionPosition, SessionSort } from '../../postgres/sessions.ts'
import { timestamp } from '../../postgres/types.ts'
import { microseconds } from '../cursor.ts'
import type { Extent } from './windows.ts'

/** Sessions as they came, a line each: to make objects of them takes several times as long as to read them. */
export interface CopiedSessions {
  readonly bytes: Buffer
  decode(line: string): Session
}

const newline = 0x0a

/** The columns of meander.session_record. */
const fields = [
  'id',
  'userId',
  'userEmail',
  'userName',
  'organizationId',
  'organization',
  'kind',
  'deviceType',
  'deviceName',
  'userAgent',
  'ip',
  'createdAt',
  'lastActivityAt',
  'expiresAt',
  'effectiveExpiresAt',
  'state',
  'supportAccessGrantId',
  'revokedAt',
  'revokedBy',
  'revokeReason',
] as const satisfies readonly (keyof Session)[]

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** One line of COPY, without its end. */
export const decodeSession = (line: string): Session => {
  const values = line.split('\t')
  return Object.fromEntries(
    fields.map((key, index) => {
      const value = values[index] ?? '\\N'
      if (value === '\\N') return [key, null]
      const text = value.replace(/\\(.)/g, (_, char: string) => escapes[char] ?? char)
      return [key, key.endsWith('At') ? timestamp(text) : text]
    }),
  ) as unknown as Session
}

/** Where the sessions of a page stand, by what they are sorted by. */
export const extentOfCopied =
  (sort: SessionSort) =>
  ([page]: readonly CopiedSessions[]): Extent => {
    const bytes = page?.bytes ?? Buffer.alloc(0)
    const position = (from: number): SessionPosition => {
      const line = bytes.toString('utf8', from, bytes.indexOf(newline, from))
      const { id, createdAt, lastActivityAt } = decodeSession(line)
      return { id, at: microseconds(sort === 'created' ? createdAt : lastActivityAt) }
    }
    let sessions = 0
    let start = 0
    let last = 0
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      last = start
      start = end + 1
      sessions += 1
    }
    return { sessions, ends: () => ({ first: position(0), last: position(last) }) }
  }
