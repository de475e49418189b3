import * as z from 'zod'
import type { Proof } from '../service/users/verification.ts'
import { auditHead } from './audit-event.schema.ts'
import { count, id, type Kind, moment, result, text } from './json.schema.ts'

const proof = z
  .strictObject({
    userId: id('the user'),
    email: text('their e-mail address'),
    ended: z.boolean().describe('every check is ok'),
    checks: z.array(
      z.strictObject({
        name: text('what was looked for'),
        ok: z.boolean(),
        detail: text('what was found; where it is not ok, each access that is left and its last second'),
      }),
    ),
  })
  .meta({ id: 'Proof', description: 'Whether one user’s access has ended.' }) satisfies z.ZodType<Proof>

const fields = {
  summary: z.strictObject({
    users: count('users that were looked at'),
    ended: count('whose access has ended'),
    notEnded: count('whose access has not'),
    notFound: count('rows that name nobody within reach'),
  }),
  items: z.array(proof),
  auditHead: auditHead
    .nullable()
    .describe('what it rests on; null where the users are of several organizations'),
}

export const kinds: readonly Kind[] = [
  result(
    { kind: 'VerifyResult', says: 'Whether each user’s access has ended', by: ['users verify'] },
    fields,
  ),
  {
    kind: 'Evidence',
    says: 'The same as a proof to keep',
    by: ['users verify --evidence'],
    document: z.strictObject({
      schemaVersion: z.literal(1),
      kind: z.literal('Evidence'),
      at: moment('by the operator’s clock'),
      command: text('as it was typed'),
      ...fields,
      keyId: text('of the key that signed it; absent without a signing key').optional(),
      signature: text('Ed25519, over the rest of the document').optional(),
    }),
  },
]
