import type {
  FactKind,
  Trace,
  TracedAccessToken,
  TracedGrant,
  TracedRefreshToken,
  TracedSession,
  TracedUser,
} from '../service/trace.ts'
import { sessionView } from './session.view.ts'
import { timeText } from './time.ts'
import { accessTokenView, refreshTokenView } from './token.view.ts'
import { userView } from './user.view.ts'
import type { Column, View } from './view.ts'

const kinds: Record<FactKind, string> = {
  address: 'an address or network',
  session: 'a session id',
  refreshToken: 'a refresh token id',
  accessToken: 'the jti of an access token',
  user: 'a user id',
  email: 'an e-mail address',
  text: 'a part of a user agent or device',
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

const usableText = ({ usable }: Trace, at: Parameters<typeof timeText>[1]): string => {
  const end = (last: string | null) =>
    at.relative ? `(the last ends ${timeText(last, at)})` : `until ${timeText(last, at)}`
  const parts = [
    usable.sessions > 0 && `${counted(usable.sessions, 'session')} ${end(usable.sessionsUntil)}`,
    usable.refreshTokens > 0 && counted(usable.refreshTokens, 'refresh token'),
    usable.accessTokens > 0 &&
      `${counted(usable.accessTokens, 'access token')} ${end(usable.accessTokensUntil)}`,
  ].filter((part) => typeof part === 'string')
  return parts.join(', ') || 'nothing any more'
}

/** `trace` for programs: everything; for a person the head of it, with the sections below. */
export const traceView: View<Trace> = {
  kind: 'Trace',
  noun: ['trace', 'traces'],
  columns: [
    { key: 'fact', value: (t) => t.fact, cell: { header: 'fact' } },
    { key: 'kind', value: (t) => t.kind, cell: { header: 'taken for', text: (t) => kinds[t.kind] } },
    { key: 'at', value: (t) => t.at },
    { key: 'from', value: (t) => t.from, cell: { header: 'from', text: (t, at) => timeText(t.from, at) } },
    { key: 'to', value: (t) => t.to, cell: { header: 'to', text: (t, at) => timeText(t.to, at) } },
    {
      key: 'counts',
      value: (t) => t.counts,
      cell: {
        header: 'found',
        text: ({ counts }) =>
          [
            `${counted(counts.matches, 'session')} of ${counted(counts.users, 'user')}`,
            `${counts.siblings} more of theirs`,
            counts.neighbours === 0
              ? 'none of others'
              : `${counts.neighbours} of ${counted(counts.otherUsers, 'other user')}`,
          ].join(', '),
      },
    },
    {
      key: 'usable',
      value: (t) => t.usable,
      cell: {
        header: 'still usable',
        text: usableText,
        tone: ({ usableSessions }) => (usableSessions.length > 0 ? 'bad' : 'good'),
      },
    },
    { key: 'usableSessions', value: (t) => t.usableSessions },
    { key: 'users', value: (t) => t.users },
    { key: 'sessions', value: (t) => t.sessions },
    { key: 'chain', value: (t) => t.chain },
    { key: 'accessTokens', value: (t) => t.accessTokens },
    { key: 'grants', value: (t) => t.grants },
  ],
  id: (t) => t.fact,
}

/** The head of a trace alone, for a person. */
export const traceHeadView: View<Trace> = {
  ...traceView,
  columns: traceView.columns.filter(({ cell }) => cell !== undefined),
}

/** The sessions that a revoke would have to end, by their ids. */
export const usableSessionView: View<string> = {
  kind: 'UsableSession',
  noun: ['session', 'sessions'],
  columns: [{ key: 'id', value: (id) => id, cell: { header: 'id' } }],
  id: (id) => id,
}

const viaColumn: Column<TracedSession> = {
  key: 'via',
  value: (s) => s.via,
  cell: { header: 'same', text: (s) => s.via ?? '' },
}
const addressFirst: readonly string[] = ['ip']

/** A session in a trace: the address belongs to the story, so it always has a column. */
export const tracedSessionView: View<TracedSession> = {
  ...sessionView,
  columns: sessionView.columns.map((column) => {
    if (!addressFirst.includes(column.key) || column.cell === undefined) return column
    const { wide: _, ...cell } = column.cell
    return { ...column, cell }
  }),
}

/** Somebody else's session, with what it shares. */
export const neighbourView: View<TracedSession> = {
  ...tracedSessionView,
  columns: [...tracedSessionView.columns, viaColumn],
}

export const tracedUserView: View<TracedUser> = {
  ...userView,
  columns: [
    ...userView.columns,
    {
      key: 'relation',
      value: (u) => u.relation,
      cell: { header: 'found by', text: (u) => (u.relation === 'match' ? 'the fact' : 'what they share') },
    },
  ],
}

export const tracedRefreshTokenView: View<TracedRefreshToken> = {
  ...refreshTokenView,
  columns: [
    ...refreshTokenView.columns,
    { key: 'jti', value: (t) => t.jti, cell: { header: 'jti', wide: true } },
    { key: 'sessionId', value: (t) => t.sessionId, cell: { header: 'session' } },
  ],
}

export const tracedAccessTokenView: View<TracedAccessToken> = {
  ...accessTokenView,
  columns: [
    ...accessTokenView.columns.map(
      (column): Column<TracedAccessToken> =>
        column.key !== 'blocked'
          ? column
          : {
              ...column,
              cell: {
                header: 'state',
                text: ({ usable, blocked }) =>
                  usable ? (blocked ? 'usable until Redis is told' : 'usable') : 'blocked',
                tone: ({ usable }) => (usable ? 'bad' : 'good'),
              },
            },
    ),
    { key: 'sessionId', value: (t) => t.sessionId, cell: { header: 'session' } },
  ],
}

export const tracedGrantView: View<TracedGrant> = {
  kind: 'Grant',
  noun: ['grant', 'grants'],
  columns: [
    { key: 'id', value: (g) => g.id, cell: { header: 'id' } },
    {
      key: 'granteeEmail',
      value: (g) => g.granteeEmail,
      cell: { header: 'to', text: (g) => g.granteeEmail ?? g.granteeUserId, shrink: 1 },
    },
    { key: 'organization', value: (g) => g.organization, cell: { header: 'organization' } },
    { key: 'state', value: (g) => g.state, cell: { header: 'state' } },
    {
      key: 'expiresAt',
      value: (g) => g.expiresAt,
      cell: { header: 'ends', text: (g, at) => timeText(g.expiresAt, at) },
    },
  ],
  id: (g) => g.id,
}
