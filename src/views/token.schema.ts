import * as z from 'zod'
import type { AccessToken, RefreshToken } from '../service/sessions/sessions.ts'
import { id, moment, oneOf } from './json.schema.ts'

/** @see tokenView */
export const refreshToken = z.strictObject({
  id: id('the refresh token'),
  parentId: id('the token that it was rotated from').nullable(),
  createdAt: moment('when it was issued'),
  rotatedAt: moment('when the next one took its place').nullable(),
  revokedAt: moment('when it was revoked').nullable(),
  state: oneOf<RefreshToken['state']>(
    { live: true, rotated: true, revoked: true, expired: true },
    'what it is now; only a live one gives new access tokens',
  ),
}) satisfies z.ZodType<RefreshToken>

export const accessToken = z.strictObject({
  jti: id('the token’s id, as the platform’s JWTs carry it'),
  expiresAt: moment('when it ends by itself'),
  remainingSeconds: z.number().describe('until then'),
  blocked: z.boolean().describe('on the blocklist in PostgreSQL'),
  publishedAt: moment('when Redis was told').nullable(),
}) satisfies z.ZodType<AccessToken>
