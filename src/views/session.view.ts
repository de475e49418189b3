import type { Session, SessionDetails } from '../service/sessions/sessions.ts'
import { auditEventView } from './audit-event.view.ts'
import { timeText } from './time.ts'
import { accessTokenView, refreshTokenView } from './token.view.ts'
import { shortUserAgent } from './user-agent.ts'
import { type Column, fieldsOf, type Tone, type View } from './view.ts'

const stateTone = ({ state }: Session): Tone =>
  state === 'active' ? 'good' : state === 'revoked' ? 'bad' : 'dim'

const deviceText = ({ deviceName, deviceType, userAgent }: Session): string =>
  deviceName ?? (userAgent === null ? (deviceType ?? '') : shortUserAgent(userAgent))

/** The contract's fields, in its order. */
const columns: readonly Column<Session>[] = [
  { key: 'id', value: (s) => s.id, cell: { header: 'id' } },
  { key: 'userId', value: (s) => s.userId },
  {
    key: 'userEmail',
    value: (s) => s.userEmail,
    cell: { header: 'user', text: (s) => s.userEmail ?? s.userId, shrink: 1 },
  },
  {
    key: 'userName',
    value: (s) => s.userName,
    cell: { header: 'name', text: (s) => s.userName ?? '', wide: true, shrink: 3 },
  },
  { key: 'organizationId', value: (s) => s.organizationId },
  { key: 'organization', value: (s) => s.organization, cell: { header: 'organization', wide: true } },
  { key: 'kind', value: (s) => s.kind, cell: { header: 'kind', wide: true } },
  { key: 'deviceType', value: (s) => s.deviceType },
  { key: 'deviceName', value: (s) => s.deviceName, cell: { header: 'device', text: deviceText, shrink: 1 } },
  {
    key: 'userAgent',
    value: (s) => s.userAgent,
    cell: { header: 'user agent', text: (s) => s.userAgent ?? '', wide: true, shrink: 4 },
  },
  { key: 'ip', value: (s) => s.ip, cell: { header: 'address', text: (s) => s.ip ?? '', wide: true } },
  {
    key: 'createdAt',
    value: (s) => s.createdAt,
    cell: { header: 'created', text: (s, at) => timeText(s.createdAt, at), wide: true },
  },
  {
    key: 'lastActivityAt',
    value: (s) => s.lastActivityAt,
    cell: { header: 'last used', text: (s, at) => timeText(s.lastActivityAt, at) },
  },
  { key: 'expiresAt', value: (s) => s.expiresAt },
  {
    key: 'effectiveExpiresAt',
    value: (s) => s.effectiveExpiresAt,
    cell: { header: 'ends', text: (s, at) => timeText(s.effectiveExpiresAt, at), wide: true },
  },
  { key: 'state', value: (s) => s.state, cell: { header: 'state', tone: stateTone } },
  { key: 'supportAccessGrantId', value: (s) => s.supportAccessGrantId },
  { key: 'revokedAt', value: (s) => s.revokedAt },
  { key: 'revokedBy', value: (s) => s.revokedBy },
  { key: 'revokeReason', value: (s) => s.revokeReason },
]

export const sessionView: View<Session> = {
  kind: 'Session',
  noun: ['session', 'sessions'],
  columns,
  id: (s) => s.id,
}

/** `sessions show` for programs: the session's fields, then its chain, access tokens and record. */
export const sessionDetailsView: View<SessionDetails> = {
  kind: 'Session',
  noun: ['session', 'sessions'],
  columns: [
    ...columns.map(({ key, value }) => ({ key, value: ({ session }: SessionDetails) => value(session) })),
    { key: 'chain', value: (d) => d.chain.map(fieldsOf(refreshTokenView)) },
    { key: 'accessTokens', value: (d) => d.accessTokens.map(fieldsOf(accessTokenView)) },
    { key: 'auditEvents', value: (d) => d.auditEvents.map(fieldsOf(auditEventView)) },
  ],
  id: ({ session }) => session.id,
}

/** A session as somebody recognises it who is about to choose. */
export const sessionChoiceView: View<Session> = {
  ...sessionView,
  columns: [
    {
      key: 'deviceName',
      value: (s) => s.deviceName,
      cell: { header: '', text: (s) => deviceText(s) || s.kind, shrink: 2 },
    },
    { key: 'ip', value: (s) => s.ip, cell: { header: '', text: (s) => s.ip ?? 'no address', shrink: 1 } },
    {
      key: 'lastActivityAt',
      value: (s) => s.lastActivityAt,
      cell: { header: '', text: (s, at) => `used ${timeText(s.lastActivityAt, at)}` },
    },
    { key: 'state', value: (s) => s.state, cell: { header: '', text: ({ state }) => state } },
  ],
}
