import { callRows, callValue } from './call.ts'
import type { Queryable } from './database.ts'
import type { Revocation, Session } from './sessions.ts'

/** @see functions/authentication/list_user_sessions.sql */
export const listUserSessions = (db: Queryable, user: string): Promise<Session[]> =>
  callRows(db, 'list_user_sessions', { p_user: user })

/** @see functions/authentication/end_user_session.sql */
export const endUserSession = (db: Queryable, user: string, session: string): Promise<Revocation> =>
  callValue(db, 'end_user_session', { p_user: user, p_session: session })

/** @see functions/authentication/end_other_sessions.sql */
export const endOtherSessions = (db: Queryable, user: string, session: string): Promise<Revocation> =>
  callValue(db, 'end_other_sessions', { p_user: user, p_session: session })
