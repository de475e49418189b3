import type { AuditSelector } from './audit.ts'
import { callRows } from './call.ts'
import type { Database, Queryable } from './database.ts'

/** The last position of a chain; nulls where the head itself is gone. */
export interface ChainHead {
  readonly organization: string
  readonly organizationId: string
  readonly seq: number | null
  /** In hex. */
  readonly hash: string | null
  /** The database's clock when it was read. */
  readonly at: string
}

/** One event, as the bytes that its hash covers. */
export interface ChainEvent {
  readonly organizationId: string
  readonly seq: number
  /** Microseconds since 1970. */
  readonly at: number
  /** In hex; empty where somebody took it away. */
  readonly prevHash: string
  readonly hash: string
  /**
   * actor, actorUserId, action, targetType, targetId, reason, ticket, requestId and details: each as UTF-8 behind
   * a four-byte length, -1 for null; details as the text that the database gives of its jsonb.
   */
  readonly fields: Buffer
}

/** One page of a chain, and the head as it was at that very moment. */
export interface ChainPage {
  readonly head: { readonly seq: number | null; readonly hash: string | null }
  /** The database's clock, in microseconds since 1970. */
  readonly at: number
  readonly events: readonly ChainEvent[]
}

/** Where a page begins: the first number, and how many events that have it are known already. */
export interface ChainPosition {
  readonly seq: number
  readonly skip: number
}

/** @see functions/audit/list_audit_heads.sql */
export const listAuditHeads = (db: Queryable, organization: string | null): Promise<ChainHead[]> =>
  callRows(db, 'list_audit_heads', { p_organization: organization })

/** @see functions/audit/read_audit_chain.sql */
export const readAuditChain = async (
  db: Pick<Database, 'copyOut'>,
  page: { selector: AuditSelector; from: ChainPosition | null; limit: number },
): Promise<ChainPage> =>
  pageOf(
    await db.copyOut(
      `copy (select * from meander.read_audit_chain(p_selector => $1::jsonb, p_from_seq => $2::bigint,
         p_skip => $3::integer, p_limit => $4::integer)) to stdout (format binary)`,
      [JSON.stringify(page.selector), page.from?.seq ?? null, page.from?.skip ?? 0, page.limit],
    ),
  )

/** The nine fields that follow one another in a row as in the hash: there and here each has its length before it. */
const plainFields = 5
const allFields = 14
/** Signature, flags and the length of an extension that nobody uses. */
const headerLength = 19
/** PostgreSQL counts from 2000. */
const epoch = 946_684_800_000_000

/** Rows in the binary form of COPY: each field is a four-byte length and its bytes. The first row is the head. */
const pageOf = (bytes: Buffer): ChainPage => {
  const rows: ChainEvent[] = []
  const starts = new Int32Array(allFields + 1)
  let organizationId: string | undefined
  let at = headerLength
  while (bytes.readInt16BE(at) === allFields) {
    let next = at + 2
    for (let field = 0; field < allFields; field++) {
      starts[field] = next
      next += 4 + Math.max(bytes.readInt32BE(next), 0)
    }
    starts[allFields] = next
    const hex = (field: number): string => bytes.toString('hex', startOf(field) + 4, startOf(field + 1))
    const integer = (field: number): number =>
      startOf(field) + 12 === startOf(field + 1) ? readInteger(bytes, startOf(field) + 4) : Number.NaN
    organizationId ??= uuid(hex(0))
    rows.push({
      organizationId,
      seq: integer(1),
      at: integer(2) + epoch,
      prevHash: hex(3),
      hash: hex(4),
      fields: bytes.subarray(startOf(plainFields), next),
    })
    at = next
  }
  const [head, ...events] = rows
  if (!head) throw new Error('a page of the record came without its head')
  const gone = Number.isNaN(head.seq)
  return { head: { seq: gone ? null : head.seq, hash: gone ? null : head.hash }, at: head.at, events }

  function startOf(field: number): number {
    return starts[field] as number
  }
}

/** Exact up to 2^53: as microseconds that is the year 2255. */
const readInteger = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)

const uuid = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
