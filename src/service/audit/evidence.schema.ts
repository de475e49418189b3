import * as z from 'zod'

/** What evidence rests on; null where its users are of several organizations. */
const auditHead = z
  .object({
    organization: z.string().min(1),
    seq: z.int().min(0),
    hash: z.string().regex(/^[0-9a-f]{64}$/),
  })
  .nullable()

/** The head in a file of `users verify --evidence`, or in what `users verify` and `grants show` write as JSON. */
export const evidenceSchema = z.union([
  z.object({
    schemaVersion: z.literal(1),
    kind: z.enum(['Evidence', 'VerifyResult']),
    auditHead,
    keyId: z.string().nullish(),
    signature: z.string().nullish(),
  }),
  z.object({ schemaVersion: z.literal(1), kind: z.literal('Grant'), item: z.object({ auditHead }) }),
])
