import * as z from 'zod'
import { exportProofSchema } from '../service/audit/export-proof.schema.ts'
import { auditEvent } from './audit-event.schema.ts'
import { envelope, id, type Kind, list } from './json.schema.ts'

/** Null where a row that nobody could have written stands in the record: what is exported is what is there. */
const exportedEvent = z
  .strictObject({
    ...auditEvent.shape,
    seq: z.int().nullable(),
    at: z.string().nullable(),
    actor: auditEvent.shape.actor.nullable(),
    action: auditEvent.shape.action.nullable(),
    targetType: auditEvent.shape.targetType.nullable(),
    targetId: auditEvent.shape.targetId.nullable(),
    actorUserId: z.string().nullable(),
    requestId: z.string().nullable(),
    details: z.unknown(),
    prevHash: z.string(),
    hash: z.string(),
    organizationId: id('which the hash covers'),
  })
  .meta({ id: 'ExportedEvent' })

const proof = exportProofSchema.meta({ id: 'AuditProof', description: 'What says that the export is whole.' })

const told = {
  kind: 'AuditEventList',
  says: 'The record; written out, with the proof of it at the end',
  by: ['audit list', 'audit export'],
}
const listed = list(told, auditEvent)
const written = z.strictObject({
  ...envelope('AuditEventList'),
  items: z.array(exportedEvent),
  nextCursor: z.null(),
  proof,
})

export const kinds: readonly Kind[] = [
  {
    ...told,
    document: z.union([listed.document, written]),
    line: z.union([listed.line, exportedEvent, proof]),
  },
]
