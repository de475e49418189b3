import type { AuditEvent } from '../service/audit/audit.ts'
import { timeText } from './time.ts'
import type { View } from './view.ts'

/** One line of the record. */
export const auditEventView: View<AuditEvent> = {
  kind: 'AuditEvent',
  noun: ['event', 'events'],
  columns: [
    { key: 'organization', value: (e) => e.organization, cell: { header: 'organization', wide: true } },
    { key: 'seq', value: (e) => e.seq, cell: { header: 'seq', align: 'right' } },
    { key: 'at', value: (e) => e.at, cell: { header: 'when', text: (e, at) => timeText(e.at, at) } },
    { key: 'actor', value: (e) => e.actor, cell: { header: 'actor', shrink: 3 } },
    { key: 'actorUserId', value: (e) => e.actorUserId },
    {
      key: 'action',
      value: (e) => e.action,
      cell: {
        header: 'action',
        // An intent is of interest for what it was for.
        text: ({ action, details }) =>
          typeof details.function === 'string' ? `${action} ${details.function}` : action,
        tone: ({ action }) => (action.endsWith('_refused') ? 'bad' : 'plain'),
      },
    },
    { key: 'targetType', value: (e) => e.targetType },
    {
      key: 'targetId',
      value: (e) => e.targetId,
      cell: { header: 'target', text: (e) => `${e.targetType} ${e.targetId}`, shrink: 2 },
    },
    {
      key: 'reason',
      value: (e) => e.reason,
      cell: { header: 'reason', text: (e) => e.reason ?? '', shrink: 1 },
    },
    {
      key: 'ticket',
      value: (e) => e.ticket,
      cell: { header: 'ticket', text: (e) => e.ticket ?? '', wide: true },
    },
    { key: 'requestId', value: (e) => e.requestId },
    { key: 'details', value: (e) => e.details },
    { key: 'prevHash', value: (e) => e.prevHash },
    { key: 'hash', value: (e) => e.hash },
  ],
  id: (e) => `${e.organization}/${e.seq}`,
}
