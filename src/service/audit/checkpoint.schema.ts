import * as z from 'zod'

const head = z.strictObject({
  organizationId: z.uuid(),
  organization: z.string().min(1),
  seq: z.int().min(0),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
})

/** A signed checkpoint. Strict: a field that is not among the signed ones could say anything. */
export const checkpointSchema = z.strictObject({
  schemaVersion: z.literal(1),
  kind: z.literal('Checkpoint'),
  at: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/),
  toolVersion: z.string(),
  database: z.strictObject({ id: z.uuid(), systemIdentifier: z.string().nullable() }),
  heads: z.array(head).min(1),
  keyId: z.string().nullish(),
  signature: z.string().nullish(),
})

/** A checkpoint as it was read: signed, it says, by `keyId`. */
export type ReadCheckpoint = z.infer<typeof checkpointSchema>
