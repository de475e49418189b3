import * as z from 'zod'
import type { FactKind, Trace, TracedGrant, TracedSession, TracedUser } from '../service/trace.ts'
import { count, id, type Kind, moment, oneOf, text, thing } from './json.schema.ts'
import { session } from './session.schema.ts'
import { accessToken, refreshToken } from './token.schema.ts'
import { user } from './user.schema.ts'

const tracedSession = z.strictObject({
  ...session.shape,
  relation: oneOf<TracedSession['relation']>(
    { match: true, sibling: true, neighbour: true },
    'named by the fact, another one of the same person, or somebody else’s',
  ),
  via: oneOf<NonNullable<TracedSession['via']>>(
    { address: true, device: true },
    'what a neighbour shares',
  ).nullable(),
})

const trace = z.strictObject({
  fact: text('as it was given'),
  kind: oneOf<FactKind>(
    {
      address: true,
      session: true,
      refreshToken: true,
      accessToken: true,
      user: true,
      email: true,
      text: true,
    },
    'what it was taken for',
  ),
  at: moment('when it was looked at'),
  from: moment('from then on'),
  to: moment('until then'),
  counts: z.strictObject({
    matches: count('sessions that the fact names'),
    siblings: count('other sessions of the same people'),
    neighbours: count('sessions of others that share an address or a device'),
    users: count('people the fact names'),
    otherUsers: count('people beside them'),
  }),
  usable: z.strictObject({
    sessions: count('still active'),
    sessionsUntil: moment('the last of them ends').nullable(),
    refreshTokens: count('still live'),
    accessTokens: count('that the API may still accept'),
    accessTokensUntil: moment('the last of them ends').nullable(),
  }),
  usableSessions: z.array(z.guid()).describe('what a revoke would have to end'),
  users: z.array(
    z.strictObject({
      ...user.shape,
      relation: oneOf<TracedUser['relation']>(
        { match: true, neighbour: true },
        'named by the fact, or beside it',
      ),
    }),
  ),
  sessions: z.array(tracedSession),
  chain: z.array(
    z.strictObject({
      ...refreshToken.shape,
      sessionId: id('the session it belongs to'),
      jti: id('of the access token issued with it'),
    }),
  ),
  accessTokens: z.array(
    z.strictObject({
      ...accessToken.shape,
      sessionId: id('the session it belongs to'),
      usable: z.boolean().describe('the API may still accept it'),
    }),
  ),
  grants: z.array(
    z.strictObject({
      id: id('the support access grant'),
      organization: text('slug of the organization'),
      granteeUserId: id('who holds it'),
      granteeEmail: text('their e-mail address').nullable(),
      grantedBy: text('the login that gave it'),
      createdAt: moment('when'),
      expiresAt: moment('its end'),
      revokedAt: moment('when it was ended').nullable(),
      state: oneOf<TracedGrant['state']>({ active: true, expired: true, revoked: true }, 'what it is now'),
    }),
  ),
}) satisfies z.ZodType<Trace>

export const kinds: readonly Kind[] = [
  thing({ kind: 'Trace', says: 'Everything connected to one fact', by: ['trace'] }, trace),
]
