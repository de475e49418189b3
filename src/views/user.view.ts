import type { User, UserDetails } from '../service/users/users.ts'
import { auditEventView } from './audit-event.view.ts'
import { sessionView } from './session.view.ts'
import { timeText } from './time.ts'
import { type Column, fieldsOf, type View } from './view.ts'

/** The contract's fields, in its order. Commands take the address, so that a table can do without ids. */
const columns: readonly Column<User>[] = [
  { key: 'id', value: (u) => u.id, cell: { header: 'id', wide: true } },
  { key: 'email', value: (u) => u.email, cell: { header: 'e-mail', shrink: 1 } },
  { key: 'name', value: (u) => u.name, cell: { header: 'name', shrink: 2 } },
  { key: 'organizationId', value: (u) => u.organizationId },
  {
    key: 'organization',
    value: (u) => u.organization,
    cell: { header: 'organization', text: (u) => u.organization ?? 'platform', wide: true },
  },
  { key: 'role', value: (u) => u.role, cell: { header: 'role' } },
  {
    key: 'status',
    value: (u) => u.status,
    cell: { header: 'status', tone: ({ status }) => (status === 'active' ? 'good' : 'bad') },
  },
  {
    key: 'deactivatedAt',
    value: (u) => u.deactivatedAt,
    cell: { header: 'deactivated', text: (u, at) => timeText(u.deactivatedAt, at), wide: true },
  },
  { key: 'activeSessions', value: (u) => u.activeSessions, cell: { header: 'sessions', align: 'right' } },
  {
    key: 'lastActivityAt',
    value: (u) => u.lastActivityAt,
    cell: { header: 'last used', text: (u, at) => timeText(u.lastActivityAt, at) },
  },
]

export const userView: View<User> = { kind: 'User', noun: ['user', 'users'], columns, id: (u) => u.id }

/** `users show` for programs: the user's fields, then sessions, grants and record. */
export const userDetailsView: View<UserDetails> = {
  kind: 'User',
  noun: ['user', 'users'],
  columns: [
    ...columns.map(({ key, value }) => ({ key, value: ({ user }: UserDetails) => value(user) })),
    { key: 'sessions', value: (d) => d.sessions.map(fieldsOf(sessionView)) },
    { key: 'grants', value: (d) => d.grants },
    { key: 'auditEvents', value: (d) => d.auditEvents.map(fieldsOf(auditEventView)) },
  ],
  id: ({ user }) => user.id,
}

/** A support access grant that a person holds or held. */
export const heldGrantView: View<UserDetails['grants'][number]> = {
  kind: 'Grant',
  noun: ['grant', 'grants'],
  columns: [
    { key: 'id', value: (g) => g.id, cell: { header: 'id' } },
    { key: 'organization', value: (g) => g.organization, cell: { header: 'organization' } },
    { key: 'state', value: (g) => g.state, cell: { header: 'state' } },
    { key: 'createdAt', value: (g) => g.createdAt },
    {
      key: 'expiresAt',
      value: (g) => g.expiresAt,
      cell: { header: 'ends', text: (g, at) => timeText(g.expiresAt, at) },
    },
    { key: 'revokedAt', value: (g) => g.revokedAt },
  ],
  id: (g) => g.id,
}

/** A user as somebody recognises them who is about to choose. */
export const userChoiceView: View<User> = {
  ...userView,
  columns: [
    { key: 'email', value: (u) => u.email, cell: { header: '', shrink: 1 } },
    { key: 'name', value: (u) => u.name, cell: { header: '', shrink: 2 } },
    {
      key: 'activeSessions',
      value: (u) => u.activeSessions,
      cell: {
        header: '',
        text: ({ status, activeSessions }) =>
          status === 'active'
            ? `${activeSessions} ${activeSessions === 1 ? 'session' : 'sessions'}`
            : 'deactivated',
      },
    },
  ],
}
