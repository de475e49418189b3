import * as z from 'zod'
import { checkpointSchema } from '../service/audit/checkpoint.schema.ts'
import { type Kind, text } from './json.schema.ts'

export const kinds: readonly Kind[] = [
  {
    kind: 'Checkpoint',
    says: 'A signed head of the record, to be kept elsewhere',
    by: ['audit checkpoint'],
    document: z.strictObject({
      ...checkpointSchema.shape,
      keyId: text('of the signing key'),
      signature: text('Ed25519, base64'),
    }),
  },
]
