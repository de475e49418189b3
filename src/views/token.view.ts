import type { AccessToken, RefreshToken } from '../service/sessions/sessions.ts'
import { relativeTime, timeText } from './time.ts'
import type { View } from './view.ts'

/** A link of a session's refresh chain; its hash is never shown to anybody. */
export const refreshTokenView: View<RefreshToken> = {
  kind: 'RefreshToken',
  noun: ['refresh token', 'refresh tokens'],
  columns: [
    { key: 'id', value: (t) => t.id, cell: { header: 'id' } },
    { key: 'parentId', value: (t) => t.parentId },
    {
      key: 'createdAt',
      value: (t) => t.createdAt,
      cell: { header: 'created', text: (t, at) => timeText(t.createdAt, at) },
    },
    {
      key: 'rotatedAt',
      value: (t) => t.rotatedAt,
      cell: { header: 'rotated', text: (t, at) => timeText(t.rotatedAt, at) },
    },
    { key: 'revokedAt', value: (t) => t.revokedAt },
    {
      key: 'state',
      value: (t) => t.state,
      cell: {
        header: 'state',
        tone: ({ state }) => (state === 'live' ? 'good' : state === 'revoked' ? 'bad' : 'dim'),
      },
    },
  ],
  id: (t) => t.id,
}

/** An access token that has not expired yet. */
export const accessTokenView: View<AccessToken> = {
  kind: 'AccessToken',
  noun: ['access token', 'access tokens'],
  columns: [
    { key: 'jti', value: (t) => t.jti, cell: { header: 'jti' } },
    { key: 'expiresAt', value: (t) => t.expiresAt },
    {
      key: 'remainingSeconds',
      value: (t) => t.remainingSeconds,
      cell: {
        header: 'remaining',
        text: (t, at) =>
          at.relative ? relativeTime(t.expiresAt, at.now).replace(/^in /, '') : `${t.remainingSeconds} s`,
        align: 'right',
      },
    },
    {
      key: 'blocked',
      value: (t) => t.blocked,
      cell: {
        header: 'state',
        text: (t) => (t.blocked ? 'blocked' : 'usable'),
        tone: ({ blocked }) => (blocked ? 'bad' : 'good'),
      },
    },
    { key: 'publishedAt', value: (t) => t.publishedAt },
  ],
  id: (t) => t.jti,
}
