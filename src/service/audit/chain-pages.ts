import { MeanderError } from '../../errors.ts'
import type { AuditSelector } from '../../postgres/audit.ts'
import {
  type ChainHead,
  type ChainPage,
  type ChainPosition,
  listAuditHeads,
  readAuditChain,
} from '../../postgres/audit-chain.ts'
import type { Database } from '../../postgres/database.ts'
import { onRecord, type Purpose } from '../on-record.ts'

/** Events in one call: a call costs the time of 500 events, and what is held of larger pages costs as much here. */
const pageSize = 2500

/** The heads of the chains within reach, or of one. @throws MeanderError NOT_FOUND where there is none. */
export const chainHeads = async (
  db: Database,
  organization: string | null,
  purpose: Purpose,
): Promise<ChainHead[]> => {
  const call = {
    function: 'list_audit_heads',
    arguments: organization === null ? {} : { organization },
    organizations: organization === null ? null : [organization],
  }
  const heads = await onRecord(db, call, purpose, () => listAuditHeads(db, organization))
  if (heads.length > 0) return heads
  throw new MeanderError('NOT_FOUND', 'No organization is within your reach: there is no record.', {
    hint: 'See what is: meanderctl whoami',
  })
}

/** Events of one chain, page by page; the next is on its way while one is worked on. */
export async function* chainPages(
  db: Database,
  selector: AuditSelector & { readonly organization: string },
  purpose: Purpose,
  after: number | null = null,
): AsyncGenerator<ChainPage & { readonly last: boolean }, void> {
  const call = { function: 'read_audit_chain', arguments: selector, organizations: [selector.organization] }
  let from: ChainPosition | null = after === null ? null : { seq: after + 1, skip: 0 }
  const fetch = () => {
    const page = onRecord(db, call, purpose, () => readAuditChain(db, { selector, from, limit: pageSize }))
    // Whoever waits for it is told; until then nobody does.
    page.catch(() => {})
    return page
  }
  let page = await fetch()
  while (page.events.length === pageSize) {
    from = positionAfter(page, from)
    const following = fetch()
    yield { ...page, last: false }
    page = await following
  }
  yield { ...page, last: true }
}

/** Behind a page: numbers that several events have may go on on the next. */
const positionAfter = ({ events }: ChainPage, from: ChainPosition | null): ChainPosition => {
  const seq = events.at(-1)?.seq ?? 0
  const first = events.findIndex((event) => event.seq === seq)
  const known = first === 0 && from?.seq === seq ? from.skip : 0
  return { seq, skip: known + events.length - first }
}
