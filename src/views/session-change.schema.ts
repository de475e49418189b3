import * as z from 'zod'
import type { SessionChange } from '../service/sessions/watch.ts'
import { id, type Kind, lines, moment, oneOf } from './json.schema.ts'
import { session } from './session.schema.ts'

const sessionChange = z
  .strictObject({
    event: oneOf<SessionChange['event']>(
      { login: true, refresh: true, revoked: true, expired: true },
      'what became of the session',
    ),
    at: moment('when'),
    refreshTokenId: id('the token of a login or refresh').nullable(),
    ...session.shape,
  })
  .meta({ id: 'SessionChange' }) satisfies z.ZodType<Omit<SessionChange, 'key'>>

export const kinds: readonly Kind[] = [
  lines(
    { kind: 'SessionChange', says: 'What becomes of sessions, as it happens', by: ['sessions watch'] },
    sessionChange,
  ),
]
