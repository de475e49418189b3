import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { hashOf, noHash } from '../../../src/service/audit/chain.ts'
import { encodeFields, hashedFields } from '../../../src/service/audit/exported-event.ts'
import { organizations, people } from '../../support/people.ts'

/**
 * Replaces the chain of nhf by one of that many events, as our own rule links them: through the functions it would
 * take minutes for each million. Its indexes are to be made anew afterwards, and its head is to be set.
 * @param url of the superuser
 */
export const seedChain = async (psql: string, url: string, events: number): Promise<void> => {
  const statements = [
    "set session_replication_role = 'replica'",
    'truncate meander.audit_log',
    "update pg_index set indisready = false, indisvalid = false where indrelid = 'meander.audit_log'::regclass",
    'copy meander.audit_log from stdin (freeze)',
  ]
  const child = spawn(
    psql,
    [...'-X -q -1 -v ON_ERROR_STOP=1 -d'.split(' '), url, ...statements.flatMap((one) => ['-c', one])],
    { stdio: ['pipe', 'ignore', 'inherit'], env: { PGSSLMODE: 'disable' } },
  )
  const ended = once(child, 'close')
  await pipeline(Readable.from(lines(events)), child.stdin)
  const [code] = await ended
  if (code !== 0) throw new Error(`psql ended with ${code}`)
}

/** Events as COPY takes them, each linked to the one before. */
function* lines(events: number): Generator<string> {
  const organizationId = organizations.nhf
  const start = Date.parse('2025-01-01T00:00:00Z') * 1000
  let prevHash = noHash
  let text = ''
  for (let seq = 1; seq <= events; seq++) {
    const texts = {
      actor: 'nils',
      actorUserId: people.nils.id,
      action: 'session.revoked',
      targetType: 'session',
      targetId: randomUUID(),
      reason: `mistet på toget, sak ${seq}`,
      ticket: seq % 3 === 0 ? `HELP-${seq % 5000}` : null,
      requestId: null,
      details: `{"userId": "${people.per.id}", "priorState": "active", "accessTokensBlocked": 1}`,
    }
    const event = { organizationId, seq, at: start + seq * 1000, prevHash, fields: encodeFields(texts) }
    const hash = hashOf({ ...event, hash: '' })
    const moment = new Date(event.at / 1000).toISOString()
    const values = hashedFields.map((field) => texts[field] ?? '\\N')
    text += `${organizationId}\t${seq}\t${moment}\t${values.join('\t')}\t\\\\x${prevHash}\t\\\\x${hash}\n`
    prevHash = hash
    if (text.length < 65_536) continue
    yield text
    text = ''
  }
  yield text
}
