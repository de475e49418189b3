import * as z from 'zod'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const position = z.int().nullable()

/** The end of an export, as `audit export` writes it. */
export const exportProofSchema = z.strictObject({
  schemaVersion: z.literal(1),
  kind: z.literal('AuditProof'),
  exportedAt: z.string(),
  filter: z.strictObject({
    since: z.iso.datetime({ offset: true }).optional(),
    until: z.iso.datetime({ offset: true }).optional(),
    actor: z.string().optional(),
    action: z.string().optional(),
    target: z.string().optional(),
    ticket: z.string().optional(),
  }),
  after: position,
  limit: position,
  events: z.int(),
  digest: hash,
  organizations: z
    .array(
      z.strictObject({
        organization: z.string(),
        organizationId: z.uuid(),
        events: z.int(),
        firstSeq: position,
        lastSeq: position,
        head: z.strictObject({ seq: position, hash: hash.nullable() }),
      }),
    )
    .min(1),
})
