import * as z from 'zod'
import type { Session } from '../service/sessions/sessions.ts'
import { auditEvent } from './audit-event.schema.ts'
import { id, type Kind, list, moment, oneOf, text, thing } from './json.schema.ts'
import { accessToken, refreshToken } from './token.schema.ts'

export const session = z
  .strictObject({
    id: id('the session'),
    userId: id('whose it is'),
    userEmail: text('their e-mail address; null once the person was erased').nullable(),
    userName: text('their name; null alike').nullable(),
    organizationId: id('where it is: a support session is in the organization that it looks at'),
    organization: text('slug of that organization'),
    kind: oneOf<Session['kind']>({ mobile: true, portal: true }, 'app or portal'),
    deviceType: text('as the device said').nullable(),
    deviceName: text('as the device said').nullable(),
    userAgent: text('as the device said, in full').nullable(),
    ip: text('the last address, without a mask').nullable(),
    createdAt: moment('the login'),
    lastActivityAt: moment('the last request or refresh'),
    expiresAt: moment('the session’s own end'),
    effectiveExpiresAt: moment('its end by everything that ends it: own, policy, support access grant'),
    state: oneOf<Session['state']>(
      { active: true, expired: true, revoked: true },
      'active: it would authenticate a request right now; expired: past an end; revoked: ended by someone',
    ),
    supportAccessGrantId: id('the grant it was opened under').nullable(),
    revokedAt: moment('when it was ended').nullable(),
    revokedBy: text('the login that ended it').nullable(),
    revokeReason: text('why').nullable(),
  })
  .meta({ id: 'Session', description: 'One login to the platform.' }) satisfies z.ZodType<Session>

const sessionDetails = z.strictObject({
  ...session.shape,
  chain: z.array(refreshToken).describe('all refresh tokens that rotation produced, oldest first'),
  accessTokens: z.array(accessToken).describe('those that have not expired yet'),
  auditEvents: z.array(auditEvent).describe('the newest events about it'),
})

export const kinds: readonly Kind[] = [
  list({ kind: 'SessionList', says: 'Sessions that match', by: ['sessions list'] }, session),
  thing(
    { kind: 'Session', says: 'One session: chain, live access tokens, record', by: ['sessions show'] },
    sessionDetails,
  ),
]
