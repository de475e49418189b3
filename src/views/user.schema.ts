import * as z from 'zod'
import type { User, UserDetails } from '../service/users/users.ts'
import { auditEvent } from './audit-event.schema.ts'
import { count, id, type Kind, list, moment, oneOf, text, thing } from './json.schema.ts'
import { session } from './session.schema.ts'

export const user = z
  .strictObject({
    id: id('the user'),
    email: text('unique within the organization, in lower case'),
    name: text('as it is shown'),
    organizationId: id('null for platform staff').nullable(),
    organization: text('slug of it; null alike').nullable(),
    role: text('member, peer_mentor, coordinator, org_admin or global_admin'),
    status: oneOf<User['status']>({ active: true, deactivated: true }, 'a deactivated user cannot log in'),
    deactivatedAt: moment('when it was off-boarded').nullable(),
    activeSessions: count('sessions that would authenticate a request right now'),
    lastActivityAt: moment('of any session').nullable(),
  })
  .meta({ id: 'User', description: 'A person on the platform.' }) satisfies z.ZodType<User>

const heldGrant = z.strictObject({
  id: id('the support access grant'),
  organization: text('slug of the organization that gave it'),
  createdAt: moment('when it was given'),
  expiresAt: moment('when it ends by itself'),
  revokedAt: moment('when it was ended').nullable(),
  state: oneOf<UserDetails['grants'][number]['state']>(
    { active: true, expired: true, revoked: true },
    'what it is now',
  ),
}) satisfies z.ZodType<UserDetails['grants'][number]>

const userDetails = z.strictObject({
  ...user.shape,
  sessions: z.array(session).describe('the newest'),
  grants: z.array(heldGrant).describe('support access that the user holds or held'),
  auditEvents: z.array(auditEvent).describe('the newest events about the user'),
})

export const kinds: readonly Kind[] = [
  list({ kind: 'UserList', says: 'Users that match', by: ['users list'] }, user),
  thing({ kind: 'User', says: 'One user: sessions, grants, record', by: ['users show'] }, userDetails),
]
