import * as z from 'zod'
import type { SessionStats, StatsGroup } from '../service/sessions/sessions.ts'
import { count, type Kind, moment, oneOf, text, thing } from './json.schema.ts'

const group = z
  .strictObject({
    organization: text('slug of the organization'),
    dimension: oneOf<StatsGroup['dimension']>(
      { state: true, reason: true, kind: true, deviceType: true, age: true, idle: true },
      'what the group has in common',
    ),
    value: text('and which value of it'),
    sessions: count('how many'),
  })
  .meta({ id: 'SessionStatsGroup' }) satisfies z.ZodType<StatsGroup>

const stats = z.strictObject({
  at: moment('when they were counted'),
  active: count('active sessions'),
  revokedLastDay: count('revoked in the last 24 hours'),
  expired: count('expired and not swept yet'),
  state: oneOf<SessionStats['state']>(
    { active: true, expired: true, revoked: true, any: true },
    'which sessions the groups by kind, device type, age and idle count',
  ),
  groups: z.array(group),
})

export const kinds: readonly Kind[] = [
  {
    ...thing(
      { kind: 'SessionStats', says: 'How many sessions, by what they share', by: ['sessions stats'] },
      stats,
    ),
    line: group,
  },
]
