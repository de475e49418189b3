import type { Grant, GrantDetails, GrantRevocationResult } from '../service/grants.ts'
import { auditEventView } from './audit-event.view.ts'
import { sessionView } from './session.view.ts'
import { timeText } from './time.ts'
import { type Column, fieldsOf, type View } from './view.ts'

/** The contract's fields, in its order, then what the grant opened. */
const columns: readonly Column<Grant>[] = [
  { key: 'id', value: (g) => g.id, cell: { header: 'id' } },
  { key: 'organizationId', value: (g) => g.organizationId },
  { key: 'organization', value: (g) => g.organization, cell: { header: 'organization', wide: true } },
  { key: 'granteeUserId', value: (g) => g.granteeUserId },
  {
    key: 'granteeEmail',
    value: (g) => g.granteeEmail,
    cell: { header: 'to', text: (g) => g.granteeEmail ?? g.granteeUserId, shrink: 1 },
  },
  { key: 'grantedBy', value: (g) => g.grantedBy, cell: { header: 'by', wide: true, shrink: 3 } },
  { key: 'reason', value: (g) => g.reason, cell: { header: 'reason', shrink: 2 } },
  {
    key: 'ticket',
    value: (g) => g.ticket,
    cell: { header: 'ticket', text: (g) => g.ticket ?? '', wide: true },
  },
  {
    key: 'createdAt',
    value: (g) => g.createdAt,
    cell: { header: 'created', text: (g, at) => timeText(g.createdAt, at), wide: true },
  },
  {
    key: 'expiresAt',
    value: (g) => g.expiresAt,
    cell: { header: 'ends', text: (g, at) => timeText(g.expiresAt, at) },
  },
  {
    key: 'state',
    value: (g) => g.state,
    cell: {
      header: 'state',
      tone: ({ state }) => (state === 'active' ? 'good' : state === 'revoked' ? 'bad' : 'dim'),
    },
  },
  {
    key: 'revokedAt',
    value: (g) => g.revokedAt,
    cell: { header: 'revoked', text: (g, at) => timeText(g.revokedAt, at), wide: true },
  },
  { key: 'revokedBy', value: (g) => g.revokedBy },
  { key: 'activeSessions', value: (g) => g.activeSessions, cell: { header: 'sessions now', align: 'right' } },
  { key: 'sessions', value: (g) => g.sessions, cell: { header: 'opened', align: 'right' } },
  { key: 'reads', value: (g) => g.reads, cell: { header: 'reads', align: 'right' } },
  { key: 'acts', value: (g) => g.acts, cell: { header: 'acts', align: 'right' } },
]

export const grantView: View<Grant> = { kind: 'Grant', noun: ['grant', 'grants'], columns, id: (g) => g.id }

/** `grants show` for programs: the grant's fields, then its sessions, its record and the head that this rests on. */
export const grantDetailsView: View<GrantDetails> = {
  kind: 'Grant',
  noun: ['grant', 'grants'],
  columns: [
    ...columns.map(({ key, value }) => ({ key, value: ({ grant }: GrantDetails) => value(grant) })),
    { key: 'openedSessions', value: (d) => d.sessions.map(fieldsOf(sessionView)) },
    { key: 'auditEvents', value: (d) => d.auditEvents.map(fieldsOf(auditEventView)) },
    { key: 'auditHead', value: (d) => d.auditHead },
  ],
  id: ({ grant }) => grant.id,
}

/** A grant as somebody recognises it who is about to choose. */
export const grantChoiceView: View<Grant> = {
  ...grantView,
  columns: [
    {
      key: 'granteeEmail',
      value: (g) => g.granteeEmail,
      cell: { header: '', text: (g) => g.granteeEmail ?? g.granteeUserId, shrink: 1 },
    },
    { key: 'organization', value: (g) => g.organization, cell: { header: '' } },
    { key: 'reason', value: (g) => g.reason, cell: { header: '', shrink: 2 } },
    {
      key: 'expiresAt',
      value: (g) => g.expiresAt,
      cell: {
        header: '',
        text: (g, at) => (g.state === 'active' ? `ends ${timeText(g.expiresAt, at)}` : g.state),
      },
    },
  ],
}

type RevokedGrant = GrantRevocationResult['items'][number]

const words: Record<RevokedGrant['outcome'], string> = {
  revoked: 'revoked',
  alreadyRevoked: 'revoked before',
  alreadyExpired: 'expired before',
  notFound: 'not found',
}

/** What became of one grant that a revoke named. */
export const revokedGrantView: View<RevokedGrant> = {
  kind: 'RevokedGrant',
  noun: ['grant', 'grants'],
  columns: [
    { key: 'grantId', value: (g) => g.grantId, cell: { header: 'grant' } },
    { key: 'organization', value: (g) => g.organization },
    { key: 'granteeUserId', value: (g) => g.granteeUserId },
    {
      key: 'granteeEmail',
      value: (g) => g.granteeEmail,
      cell: { header: 'to', text: (g) => g.granteeEmail ?? '', shrink: 1 },
    },
    {
      key: 'outcome',
      value: (g) => g.outcome,
      cell: {
        header: 'outcome',
        text: (g) => words[g.outcome],
        tone: ({ outcome }) => (outcome === 'revoked' ? 'good' : outcome === 'notFound' ? 'bad' : 'dim'),
      },
    },
    { key: 'sessionsRevoked', value: (g) => g.sessionsRevoked, cell: { header: 'sessions', align: 'right' } },
    { key: 'otherGrants', value: (g) => g.otherGrants },
  ],
  id: (g) => g.grantId,
}
