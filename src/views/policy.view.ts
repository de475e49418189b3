import type { Policy, PolicyOutcome } from '../service/sessions/policies.ts'
import type { View } from './view.ts'

const orOff = (limit: string | null): string => limit ?? 'off'

/** The session policy of one organization. */
export const policyView: View<Policy> = {
  kind: 'SessionPolicy',
  noun: ['session policy', 'session policies'],
  columns: [
    { key: 'organizationId', value: (p) => p.organizationId },
    { key: 'organization', value: (p) => p.organization, cell: { header: 'organization' } },
    {
      key: 'idleTimeout',
      value: (p) => p.idleTimeout,
      cell: { header: 'idle timeout', text: (p) => orOff(p.idleTimeout) },
    },
    {
      key: 'absoluteLifetime',
      value: (p) => p.absoluteLifetime,
      cell: { header: 'absolute lifetime', text: (p) => orOff(p.absoluteLifetime) },
    },
    {
      key: 'maxSupportAccess',
      value: (p) => p.maxSupportAccess,
      cell: { header: 'longest support access' },
    },
  ],
  id: (p) => p.organizationId,
}

/** The limits in words. */
export const limitNames = {
  idleTimeout: 'idle timeout',
  absoluteLifetime: 'absolute lifetime',
  maxSupportAccess: 'longest support access',
} as const

/** One limit before and after it was set. */
export interface ChangedLimit {
  readonly limit: keyof typeof limitNames
  readonly before: string | null
  readonly after: string | null
}

/** What a change of policy came to, limit by limit. */
export const changedLimits = ({ prior, policy }: PolicyOutcome['change']): ChangedLimit[] =>
  (Object.keys(limitNames) as ChangedLimit['limit'][]).map((limit) => ({
    limit,
    before: prior[limit],
    after: policy[limit],
  }))

/** What became of one limit of a policy. */
export const changedLimitView: View<ChangedLimit> = {
  kind: 'PolicyLimit',
  noun: ['limit', 'limits'],
  columns: [
    { key: 'limit', value: (l) => l.limit, cell: { header: 'limit', text: (l) => limitNames[l.limit] } },
    { key: 'before', value: (l) => l.before, cell: { header: 'before', text: (l) => orOff(l.before) } },
    {
      key: 'after',
      value: (l) => l.after,
      cell: {
        header: 'now',
        text: (l) => orOff(l.after),
        tone: ({ before, after }) => (before === after ? 'dim' : 'good'),
      },
    },
  ],
  id: (l) => l.limit,
}
