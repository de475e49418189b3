import type { Plan } from '../service/plans/plan-file.ts'
import { timeText } from './time.ts'
import type { View } from './view.ts'

const acts = { revoke_sessions: 'revoke sessions', offboard_users: 'off-board users' } as const

/** A plan, but for its set, which stands in its file. */
export const planView: View<Plan & { readonly path: string }> = {
  kind: 'Plan',
  noun: ['plan', 'plans'],
  columns: [
    { key: 'id', value: (p) => p.id, cell: { header: 'id' } },
    { key: 'act', value: (p) => p.act, cell: { header: 'act', text: (p) => acts[p.act] } },
    { key: 'organization', value: (p) => p.organization, cell: { header: 'organization' } },
    { key: 'targets', value: (p) => p.targets, cell: { header: 'targets', align: 'right' } },
    {
      key: 'users',
      value: (p) => new Set(p.items.map(({ userId }) => userId)).size,
      cell: { header: 'users', align: 'right' },
    },
    { key: 'reason', value: (p) => p.reason, cell: { header: 'reason' } },
    { key: 'ticket', value: (p) => p.ticket, cell: { header: 'ticket' } },
    { key: 'author', value: (p) => p.author, cell: { header: 'author' } },
    { key: 'createdAt', value: (p) => p.createdAt },
    {
      key: 'expiresAt',
      value: (p) => p.expiresAt,
      cell: { header: 'expires', text: (p, at) => timeText(p.expiresAt, at) },
    },
    { key: 'sha256', value: (p) => p.sha256, cell: { header: 'sha256' } },
    { key: 'file', value: (p) => p.path, cell: { header: 'file' } },
  ],
  id: (p) => p.id,
}
