import type { RowOutcome } from '../service/users/run.ts'
import type { Tone, View } from './view.ts'

const words: Record<RowOutcome['outcome'], string> = {
  offboarded: 'off-boarded',
  alreadyOffboarded: 'off-boarded before',
  signedOut: 'signed out',
  alreadySignedOut: 'signed out before',
  reinstated: 'reinstated',
  alreadyActive: 'active before',
  notFound: 'not found',
  invalid: 'invalid',
  refused: 'refused',
  failed: 'failed',
}

const tone = ({ outcome }: RowOutcome): Tone => {
  if (outcome.startsWith('already')) return 'dim'
  return ['notFound', 'invalid', 'refused', 'failed'].includes(outcome) ? 'bad' : 'good'
}

/** What became of one user that an act named. */
export const userOutcomeView: View<RowOutcome> = {
  kind: 'UserOutcome',
  noun: ['user', 'users'],
  columns: [
    { key: 'row', value: (o) => o.row, cell: { header: 'row', align: 'right' } },
    {
      key: 'email',
      value: (o) => o.email || null,
      cell: { header: 'user', text: (o) => o.email || o.userId, shrink: 1 },
    },
    { key: 'userId', value: (o) => o.userId || null },
    {
      key: 'outcome',
      value: (o) => o.outcome,
      cell: { header: 'outcome', text: (o) => words[o.outcome], tone },
    },
    { key: 'sessionsRevoked', value: (o) => o.sessionsRevoked, cell: { header: 'sessions', align: 'right' } },
    {
      key: 'message',
      value: (o) => o.message || null,
      cell: { header: 'message', text: (o) => o.message, shrink: 2 },
    },
  ],
  id: (o) => o.userId,
}
