import * as z from 'zod'
import type { CheckedChain, NamedFault } from '../service/audit/verification.ts'
import { count, hash, id, type Kind, oneOf, result, text } from './json.schema.ts'

const seq = z.int().nullable()

const fault = z
  .strictObject({
    organization: text('slug of the organization whose chain it is in'),
    seq: z.int().describe('the first event at fault'),
    lastSeq: z.int().describe('and the last: the same but for a row of missing ones'),
    fault: oneOf<NamedFault['fault']>(
      {
        altered: true,
        missing: true,
        gap: true,
        outOfOrder: true,
        duplicate: true,
        truncated: true,
        head: true,
        damaged: true,
        rewritten: true,
        foreign: true,
        unsigned: true,
        forged: true,
        unanchored: true,
      },
      'what is wrong',
    ),
    detail: text('in words'),
    expected: text('a hash, where two differ').nullable(),
    actual: text('the other one').nullable(),
  })
  .meta({ id: 'AuditFault' })

const chain = z.strictObject({
  organization: text('slug of the organization'),
  organizationId: id('the organization'),
  events: count('events that were checked'),
  firstSeq: seq,
  lastSeq: seq,
  lastHash: hash('of the last event').nullable(),
  coverage: oneOf<CheckedChain['coverage']>(
    { whole: true, part: true, parts: true, events: true },
    'how much of the chain could be seen',
  ),
  faults: count('found in it'),
  anchoredSeq: seq.describe('the last event that a checkpoint or evidence knows as it stands here'),
}) satisfies z.ZodType<CheckedChain>

export const kinds: readonly Kind[] = [
  result(
    {
      kind: 'AuditVerificationResult',
      says: 'Whether the record is whole, and each fault',
      by: ['audit verify'],
    },
    {
      items: z.array(fault),
      summary: z.strictObject({
        organizations: count('chains'),
        events: count('events that were checked'),
        faults: count('in all'),
        matching: count('events that the filter chooses').nullable().describe('null without a filter'),
      }),
      chains: z.array(chain),
    },
  ),
]
