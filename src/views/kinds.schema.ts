import * as z from 'zod'
import { kinds as auditKinds } from './audit-export.schema.ts'
import { kinds as verificationKinds } from './audit-verification.schema.ts'
import { kinds as blocklistKinds } from './blocklist.schema.ts'
import { kinds as capabilityKinds } from './capabilities.schema.ts'
import { kinds as checkpointKinds } from './checkpoint.schema.ts'
import { kinds as doctorKinds } from './doctor.schema.ts'
import { kinds as errorKinds } from './error.schema.ts'
import { kinds as grantKinds } from './grant.schema.ts'
import { type Kind, list, text } from './json.schema.ts'
import { kinds as operatorKinds } from './operator.schema.ts'
import { kinds as planKinds } from './plan.schema.ts'
import { kinds as policyKinds } from './policy.schema.ts'
import { kinds as profileKinds } from './profile.schema.ts'
import { kinds as proofKinds } from './proof.schema.ts'
import { kinds as revocationKinds } from './revocation.schema.ts'
import { kinds as statusKinds } from './schema-status.schema.ts'
import { kinds as sessionKinds } from './session.schema.ts'
import { kinds as changeKinds } from './session-change.schema.ts'
import { kinds as statsKinds } from './stats.schema.ts'
import { kinds as sweepKinds } from './sweep.schema.ts'
import { kinds as timelineKinds } from './timeline.schema.ts'
import { kinds as traceKinds } from './trace.schema.ts'
import { kinds as userKinds } from './user.schema.ts'
import { kinds as outcomeKinds } from './user-outcome.schema.ts'
import { kinds as whoamiKinds } from './whoami.schema.ts'

const schemaKind = z.strictObject({
  kind: text('for meanderctl schema KIND'),
  commands: z.array(z.string()).describe('who prints it'),
  description: text('what it is'),
})

/** Every kind of answer for programs, in the order of the commands that give them. */
export const allKinds: readonly Kind[] = [
  ...sessionKinds,
  ...revocationKinds,
  ...changeKinds,
  ...statsKinds,
  ...sweepKinds,
  ...policyKinds,
  ...userKinds,
  ...outcomeKinds,
  ...proofKinds,
  ...grantKinds,
  ...planKinds,
  ...auditKinds,
  ...timelineKinds,
  ...verificationKinds,
  ...checkpointKinds,
  ...traceKinds,
  ...blocklistKinds,
  ...operatorKinds,
  ...statusKinds,
  ...profileKinds,
  ...whoamiKinds,
  ...doctorKinds,
  ...capabilityKinds,
  list({ kind: 'SchemaList', says: 'The kinds of answers', by: ['schema'] }, schemaKind),
  ...errorKinds,
]

/**
 * The JSON Schema (2020-12) of a kind: of its document, or of one line of `-o ndjson`.
 * @returns null where the kind has no such form
 */
export const jsonSchemaOf = ({ kind, says, document, line }: Kind, ofLine: boolean): object | null => {
  const schema = ofLine ? line : (document ?? line)
  if (schema === undefined) return null
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12' })
  return { $schema, title: ofLine && document ? `${kind}, one line` : kind, description: `${says}.`, ...rest }
}
