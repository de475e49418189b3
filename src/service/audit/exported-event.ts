import type { ChainEvent } from '../../postgres/audit-chain.ts'

/** An event as an export carries it: what `audit list` shows, and the id that its hash covers. */
export interface ExportedEvent {
  readonly organization: string
  readonly seq: number
  /** RFC 3339; null for a moment that nobody could have written. */
  readonly at: string | null
  readonly actor: string | null
  readonly actorUserId: string | null
  readonly action: string | null
  readonly targetType: string | null
  readonly targetId: string | null
  readonly reason: string | null
  readonly ticket: string | null
  readonly requestId: string | null
  /** JSON, exactly as the database writes it. */
  readonly details: string | null
  readonly prevHash: string
  readonly hash: string
  readonly organizationId: string
}

/** The texts that a hash covers, in its order. */
export const hashedFields = [
  'actor',
  'actorUserId',
  'action',
  'targetType',
  'targetId',
  'reason',
  'ticket',
  'requestId',
  'details',
] as const

/** What a person and a machine can read, of the bytes that the hash covers. */
export const decodeEvent = (organization: string, event: ChainEvent): ExportedEvent => {
  const { fields } = event
  let next = 0
  const text = (): string | null => {
    const length = fields.readInt32BE(next)
    const start = next + 4
    next = start + Math.max(length, 0)
    return length < 0 ? null : fields.toString('utf8', start, next)
  }
  return {
    organization,
    seq: event.seq,
    at: momentOf(event.at),
    // In the order of hashedFields.
    actor: text(),
    actorUserId: text(),
    action: text(),
    targetType: text(),
    targetId: text(),
    reason: text(),
    ticket: text(),
    requestId: text(),
    details: text(),
    prevHash: event.prevHash,
    hash: event.hash,
    organizationId: event.organizationId,
  }
}

/** The bytes that the hash covers, of what was read. */
export const encodeFields = (event: Pick<ExportedEvent, (typeof hashedFields)[number]>): Buffer => {
  const texts = hashedFields.map((field) => event[field])
  const fields = Buffer.allocUnsafe(
    texts.reduce((size, text) => size + 4 + (text === null ? 0 : Buffer.byteLength(text)), 0),
  )
  let next = 0
  for (const text of texts) {
    const length = text === null ? -1 : fields.write(text, next + 4)
    fields.writeInt32BE(length, next)
    next += 4 + Math.max(length, 0)
  }
  return fields
}

/** From the year 1 to 9999, which is what RFC 3339 can say. */
const earliest = -62_135_596_800
const latest = 253_402_300_800

/** Many events share a second. */
let second = Number.NaN
let prefix = ''

/** RFC 3339 with microseconds; null for a moment outside of what that can say. */
export const momentOf = (micros: number): string | null => {
  const seconds = Math.floor(micros / 1_000_000)
  if (!(seconds >= earliest && seconds < latest)) return null
  if (seconds !== second) {
    second = seconds
    prefix = new Date(seconds * 1000).toISOString().slice(0, 19)
  }
  return `${prefix}.${String(micros - seconds * 1_000_000).padStart(6, '0')}Z`
}

/** Microseconds since 1970 of a moment as `decodeEvent` writes it; null for any other text. */
export const microsOf = (moment: string): number | null => {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})Z$/.exec(moment)
  const micros = Date.parse(`${match?.[1]}Z`) * 1000 + Number(match?.[2])
  // 31 February is read as 3 March, and 24 o'clock as the next day.
  return momentOf(micros) === moment ? micros : null
}
