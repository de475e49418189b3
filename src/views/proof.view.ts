import type { Proof } from '../service/users/verification.ts'
import type { View } from './view.ts'

/** Whether one user's access has ended. */
export const proofView: View<Proof> = {
  kind: 'Proof',
  noun: ['user', 'users'],
  columns: [
    { key: 'userId', value: (p) => p.userId },
    { key: 'email', value: (p) => p.email, cell: { header: 'user', shrink: 1 } },
    {
      key: 'ended',
      value: (p) => p.ended,
      cell: {
        header: 'access',
        text: ({ ended }) => (ended ? 'ended' : 'not ended'),
        tone: ({ ended }) => (ended ? 'good' : 'bad'),
      },
    },
    {
      key: 'checks',
      value: (p) => p.checks,
      cell: {
        header: 'left',
        text: ({ checks }, { wide }) =>
          checks
            .filter(({ ok }) => wide || !ok)
            .map(({ detail }) => detail)
            .join('; '),
        shrink: 2,
      },
    },
  ],
  id: (p) => p.userId,
}
