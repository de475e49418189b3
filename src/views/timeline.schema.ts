import * as z from 'zod'
import type { Timeline, TimelineStep } from '../service/audit/audit.ts'
import { auditHead } from './audit-event.schema.ts'
import { count, id, type Kind, moment, text, thing } from './json.schema.ts'

const seconds = (says: string) => z.number().min(0).describe(says)

const step = z
  .strictObject({
    startedAt: moment('its first event'),
    endedAt: moment('its last event'),
    sincePreviousSeconds: seconds('since the step before ended').nullable().describe('null for the first'),
    sinceStartSeconds: seconds('since the first step began'),
    organization: text('slug of the organization'),
    actor: text('the login'),
    actorUserId: id('the platform user behind it').nullable(),
    action: text('what was done'),
    function: text('what an intent was for').nullable(),
    events: count('of which it consists'),
    fromSeq: z.int(),
    toSeq: z.int(),
    targetType: text('what it was done to'),
    targetIds: z.array(z.string()).describe('which ones'),
    reason: text('why').nullable(),
    ticket: text('for which ticket').nullable(),
    requestId: id('of the command').nullable(),
    sums: z.record(z.string(), z.number()).describe('the numbers in its events’ details, added up'),
  })
  .meta({ id: 'TimelineStep', description: 'Events of one command.' }) satisfies z.ZodType<TimelineStep>

const timeline = z.strictObject({
  selector: z.record(z.string(), z.string()).describe('what was asked'),
  startedAt: moment('the first event').nullable(),
  endedAt: moment('the last event').nullable(),
  durationSeconds: seconds('between them'),
  events: count('in all'),
  organizations: z.array(z.string()),
  operators: z.array(z.string()),
  heads: z.array(auditHead).describe('the newest of these events in each organization'),
  steps: z.array(step),
}) satisfies z.ZodType<Timeline>

export const kinds: readonly Kind[] = [
  {
    ...thing(
      { kind: 'Timeline', says: 'An incident in order, with durations', by: ['audit timeline'] },
      timeline,
    ),
    line: step,
  },
]
