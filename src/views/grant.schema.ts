import * as z from 'zod'
import type { Grant, GrantRevocationResult } from '../service/grants.ts'
import { auditEvent, auditHead } from './audit-event.schema.ts'
import { blocklistOutcome, run } from './blocklist-outcome.schema.ts'
import { count, id, type Kind, list, moment, oneOf, result, text, thing } from './json.schema.ts'
import { session } from './session.schema.ts'

const grant = z
  .strictObject({
    id: id('the support access grant'),
    organizationId: id('who gave it'),
    organization: text('slug of it'),
    granteeUserId: id('the global admin who was let in'),
    granteeEmail: text('their e-mail address').nullable(),
    grantedBy: text('the login that gave it'),
    reason: text('why'),
    ticket: text('for which ticket').nullable(),
    createdAt: moment('when it was given'),
    expiresAt: moment('when it ends by itself'),
    state: oneOf<Grant['state']>({ active: true, expired: true, revoked: true }, 'what it is now'),
    revokedAt: moment('when it was ended').nullable(),
    revokedBy: text('the login that ended it').nullable(),
    activeSessions: count('sessions under it that would authenticate a request right now'),
    sessions: count('sessions that were opened under it'),
    reads: count('calls that looked at data'),
    acts: count('calls that changed something'),
  })
  .meta({
    id: 'Grant',
    description: 'An organization’s permission for one global admin.',
  }) satisfies z.ZodType<Grant>

const grantDetails = z.strictObject({
  ...grant.shape,
  openedSessions: z.array(session).describe('the newest under it'),
  auditEvents: z.array(auditEvent).describe('what its holder looked at and did, the newest'),
  auditHead,
})

type Revoked = GrantRevocationResult['items'][number]

const revokedGrant = z
  .strictObject({
    grantId: id('the grant, as it was named'),
    organization: text('slug of the organization').nullable(),
    granteeUserId: id('who held it').nullable(),
    granteeEmail: text('their e-mail address').nullable(),
    outcome: oneOf<Revoked['outcome']>(
      { revoked: true, alreadyRevoked: true, alreadyExpired: true, notFound: true },
      'what became of it',
    ),
    sessionsRevoked: count('sessions under it that ended'),
    otherGrants: z
      .array(z.strictObject({ id: id('a grant of the same person'), expiresAt: moment('its end') }))
      .describe('which let the same person into the same organization'),
  })
  .meta({ id: 'RevokedGrant' })

export const kinds: readonly Kind[] = [
  list({ kind: 'GrantList', says: 'Support access grants', by: ['grants list'] }, grant),
  thing({ kind: 'Grant', says: 'One grant, and what its holder did', by: ['grants show'] }, grantDetails),
  result(
    { kind: 'GrantResult', says: 'The grant that was given', by: ['grants create'] },
    { ...run, items: z.array(grant).length(1) },
  ),
  result(
    { kind: 'GrantRevocationResult', says: 'What became of each grant', by: ['grants revoke'] },
    {
      ...run,
      summary: z.strictObject({
        requested: count('grants that were named'),
        revoked: count('ended now'),
        alreadyRevoked: count('ended by someone before'),
        alreadyExpired: count('ended by themselves before'),
        notFound: count('within nobody’s reach'),
        sessionsRevoked: count('sessions that ended'),
        refreshTokensRevoked: count('refresh tokens that were alive'),
        accessTokensBlocked: count('access tokens put on the blocklist'),
      }) satisfies z.ZodType<GrantRevocationResult['summary']>,
      connectionsEnded: count('database connections of the holders that were ended')
        .nullable()
        .describe('null: some were left, for want of a right'),
      ...blocklistOutcome,
      items: z.array(revokedGrant),
    },
  ),
]
