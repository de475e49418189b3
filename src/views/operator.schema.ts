import * as z from 'zod'
import type { Operator, OperatorChange } from '../service/operators.ts'
import { id, type Kind, list, moment, oneOf, text, thing } from './json.schema.ts'

const operator = z
  .strictObject({
    login: text('the PostgreSQL login'),
    state: oneOf<Operator['state']>(
      { enabled: true, disabled: true, unbound: true, deactivated: true, 'without rights': true },
      'enabled alone may operate',
    ),
    role: text('the user’s role, or auditor'),
    userId: id('the platform user that it acts for'),
    userEmail: text('their e-mail address'),
    organizationId: id('null for platform staff').nullable(),
    organization: text('slug of it; null alike').nullable(),
    createdAt: moment('when it was registered'),
    disabledAt: moment('when it was disabled').nullable(),
  })
  .meta({ id: 'Operator', description: 'A login that may operate.' }) satisfies z.ZodType<Operator>

const change = z.strictObject({
  outcome: oneOf<OperatorChange['outcome']>(
    {
      added: true,
      rebound: true,
      alreadyAdded: true,
      enabled: true,
      alreadyEnabled: true,
      disabled: true,
      alreadyDisabled: true,
      removed: true,
    },
    'what became of the registration',
  ),
  ...operator.shape,
})

export const kinds: readonly Kind[] = [
  list({ kind: 'OperatorList', says: 'The logins that may operate', by: ['operators list'] }, operator),
  thing(
    {
      kind: 'OperatorChange',
      says: 'What became of a registration',
      by: ['operators add', 'operators enable', 'operators disable', 'operators remove'],
    },
    change,
  ),
]
