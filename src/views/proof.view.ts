import type { Proof } from '../service/users/verification.ts'
import type { View } from './view.ts'

const left: Readonly<Record<string, (count: number) => string>> = {
  noActiveSession: (count) => `${count} active ${count === 1 ? 'session' : 'sessions'}`,
  noLiveRefreshToken: (count) => `${count} refresh ${count === 1 ? 'token' : 'tokens'}`,
  accessTokensBlocked: (count) => `${count} access ${count === 1 ? 'token' : 'tokens'} not blocked`,
  accessTokensBlockedInRedis: (count) => `${count} not known to be blocked in Redis`,
  deactivated: () => 'the account',
  noLiveGrant: (count) => `${count} support access ${count === 1 ? 'grant' : 'grants'}`,
}

/** How much of what is left, where a line has no room for each by name. */
const leftText = (checks: Proof['checks']): string =>
  checks
    .filter(({ ok }) => !ok)
    .map(({ name, detail }) => left[name]?.(detail.split('; ').length) ?? name)
    .join(', ')

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
        text: ({ checks }, { wide, relative }) =>
          wide || !relative
            ? checks
                .filter(({ ok }) => wide || !ok)
                .map(({ detail }) => detail)
                .join('; ')
            : leftText(checks),
      },
    },
  ],
  id: (p) => p.userId,
}
