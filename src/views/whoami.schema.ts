import * as z from 'zod'
import type { WhoAmI } from '../service/identity.ts'
import { blocklistMode } from './blocklist-outcome.schema.ts'
import { count, id, type Kind, moment, oneOf, text, thing } from './json.schema.ts'

const identity = z.strictObject({
  login: text('the PostgreSQL login'),
  kind: oneOf<WhoAmI['kind']>(
    { operator: true, administrator: true, publisher: true, authentication: true },
    'what it is in this database',
  ),
  role: oneOf<NonNullable<WhoAmI['role']>>(
    { org_admin: true, global_admin: true, auditor: true, none: true },
    'of an operator',
  ).nullable(),
  user: z
    .strictObject({ id: id('the platform user'), email: text('their address'), name: text('their name') })
    .nullable(),
  organizations: z.array(
    z.strictObject({
      id: id('an organization within reach'),
      slug: text('its slug'),
      name: text('its name'),
      through: oneOf<WhoAmI['organizations'][number]['through']>({ own: true, grant: true }, 'why'),
      grantId: id('the support access grant').nullable(),
      until: moment('its end').nullable(),
    }),
  ),
  commands: z.array(z.string()).describe('what this login may run'),
  database: text('host and name'),
  tls: text('version of it').nullable(),
  blocklistMode,
  schemaVersion: count('the newest applied migration'),
}) satisfies z.ZodType<WhoAmI>

export const kinds: readonly Kind[] = [
  thing({ kind: 'Identity', says: 'Who this login is, and what it reaches', by: ['whoami'] }, identity),
]
