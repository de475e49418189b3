import * as z from 'zod'
import type { AuditEvent } from '../service/audit/audit.ts'
import { hash, id, moment, text } from './json.schema.ts'

export const auditEvent = z
  .strictObject({
    organization: text('slug of the organization whose record it is on'),
    seq: z.int().min(1).describe('its place in that organization’s chain, from 1'),
    at: moment('when it was written'),
    actor: text('the PostgreSQL login that acted'),
    actorUserId: id('the platform user behind it').nullable(),
    action: text('what happened, as in docs/audit-events.md'),
    targetType: text('what it happened to'),
    targetId: text('which one'),
    reason: text('why, in the operator’s words').nullable(),
    ticket: text('the ticket it was done for').nullable(),
    requestId: id('of the command, or the plan that it carried out').nullable(),
    details: z.record(z.string(), z.unknown()).describe('by action: docs/audit-events.md'),
    prevHash: hash('hash of the event before it; zeros for the first'),
    hash: hash('SHA-256 over this event and prevHash'),
  })
  .meta({ id: 'AuditEvent', description: 'One event of the record.' }) satisfies z.ZodType<AuditEvent>

/** The newest event that an answer rests on. */
export const auditHead = z.strictObject({
  organization: text('slug of the organization'),
  seq: z.int().min(0).describe('the newest event then'),
  hash: hash('of that event'),
})
