import type { SweepResult } from '../service/sessions/sweep.ts'
import type { View } from './view.ts'

/** How many sessions ended by themselves for one reason. */
export const sweptReasonView: View<SweepResult['items'][number]> = {
  kind: 'SweptReason',
  noun: ['reason', 'reasons'],
  columns: [
    { key: 'reason', value: (r) => r.reason, cell: { header: 'ended by' } },
    { key: 'sessions', value: (r) => r.sessions, cell: { header: 'sessions', align: 'right' } },
  ],
  id: (r) => r.reason,
}
