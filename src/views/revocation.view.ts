import type { RevocationResult } from '../service/sessions/sessions.ts'
import type { View } from './view.ts'

type RevokedSession = RevocationResult['items'][number]

const words: Record<RevokedSession['outcome'], string> = {
  revoked: 'revoked',
  alreadyRevoked: 'revoked before',
  alreadyExpired: 'expired before',
  notFound: 'not found',
}

/** What became of one session that a revoke named. */
export const revokedSessionView: View<RevokedSession> = {
  kind: 'RevokedSession',
  noun: ['session', 'sessions'],
  columns: [
    { key: 'sessionId', value: (s) => s.sessionId, cell: { header: 'session' } },
    { key: 'userId', value: (s) => s.userId },
    {
      key: 'userEmail',
      value: (s) => s.userEmail,
      cell: { header: 'user', text: (s) => s.userEmail ?? '', shrink: 1 },
    },
    {
      key: 'outcome',
      value: (s) => s.outcome,
      cell: {
        header: 'outcome',
        text: (s) => words[s.outcome],
        tone: ({ outcome }) => (outcome === 'revoked' ? 'good' : outcome === 'notFound' ? 'bad' : 'dim'),
      },
    },
  ],
  id: (s) => s.sessionId,
}
