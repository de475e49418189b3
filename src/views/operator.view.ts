import type { Operator, OperatorChange } from '../service/operators.ts'
import { timeText } from './time.ts'
import type { View } from './view.ts'

/** A registered login. */
export const operatorView: View<Operator> = {
  kind: 'Operator',
  noun: ['operator', 'operators'],
  columns: [
    { key: 'login', value: (o) => o.login, cell: { header: 'login' } },
    {
      key: 'state',
      value: (o) => o.state,
      cell: { header: 'state', tone: ({ state }) => (state === 'enabled' ? 'good' : 'bad') },
    },
    { key: 'role', value: (o) => o.role, cell: { header: 'role' } },
    { key: 'userId', value: (o) => o.userId },
    { key: 'userEmail', value: (o) => o.userEmail, cell: { header: 'user', shrink: 1 } },
    { key: 'organizationId', value: (o) => o.organizationId },
    {
      key: 'organization',
      value: (o) => o.organization,
      cell: { header: 'organization', text: (o) => o.organization ?? 'platform' },
    },
    {
      key: 'createdAt',
      value: (o) => o.createdAt,
      cell: { header: 'added', text: (o, at) => timeText(o.createdAt, at), wide: true },
    },
    { key: 'disabledAt', value: (o) => o.disabledAt },
  ],
  id: (o) => o.login,
}

/** A login as somebody recognises it who is about to choose. */
export const operatorChoiceView: View<Operator> = {
  ...operatorView,
  columns: [
    { key: 'login', value: (o) => o.login, cell: { header: '' } },
    { key: 'userEmail', value: (o) => o.userEmail, cell: { header: '', shrink: 1 } },
    { key: 'role', value: (o) => o.role, cell: { header: '', shrink: 2 } },
    { key: 'state', value: (o) => o.state, cell: { header: '' } },
  ],
}

/** What became of a registration. */
export const operatorChangeView: View<OperatorChange> = {
  kind: 'OperatorChange',
  noun: ['operator', 'operators'],
  columns: [
    { key: 'outcome', value: (c) => c.outcome, cell: { header: 'outcome' } },
    ...operatorView.columns.map(({ key, value, cell }) => ({
      key,
      value: ({ operator }: OperatorChange) => value(operator),
      ...(cell && {
        cell: {
          header: cell.header,
          text: ({ operator }: OperatorChange, at: Parameters<NonNullable<typeof cell.text>>[1]) =>
            cell.text?.(operator, at) ?? String(value(operator) ?? ''),
          ...(cell.wide && { wide: true }),
        },
      }),
    })),
  ],
  id: ({ operator }) => operator.login,
}
