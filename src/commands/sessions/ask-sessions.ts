import type { Context } from '../../context.ts'
import type { SessionManagementService } from '../../service/session-management-service.ts'
import type { Session } from '../../service/sessions/sessions.ts'
import { sessionChoiceView } from '../../views/session.view.ts'
import { counted, type Purpose } from '../shared/acting.ts'
import { askOne, askSome, askUser, mostChoices } from '../shared/asking.ts'

interface Narrowed {
  readonly organization: string | undefined
  /** The own sessions, whatever the role. */
  readonly mine: boolean
  readonly purpose: Purpose
}

/** Which sessions are to end: whose, then which of theirs. */
export const askSessions = async (
  service: SessionManagementService,
  narrowed: Narrowed,
  context: Context,
): Promise<string[]> => {
  const question = 'End sessions of which user?'
  const { whose, items } = await lookUp(question, 'active', service, narrowed, context)
  const chosen = await askSome(
    `Which of the ${counted(items.length, 'active session')} of ${whose} end? Each must log in again.`,
    sessionChoiceView,
    items,
    context,
  )
  return chosen.map(({ id }) => id)
}

/** Which session is to be looked at. */
export const askSession = async (
  service: SessionManagementService,
  narrowed: Narrowed,
  context: Context,
): Promise<string> => {
  const { whose, items } = await lookUp('A session of which user?', 'any', service, narrowed, context)
  const { id } = await askOne(`Which session of ${whose}?`, sessionChoiceView, items, context)
  return id
}

const lookUp = async (
  question: string,
  state: 'active' | 'any',
  service: SessionManagementService,
  { organization, mine, purpose }: Narrowed,
  context: Context,
): Promise<{ whose: string; items: readonly Session[] }> => {
  const within = organization === undefined ? {} : { organization }
  const user = mine ? null : await askUser(question, service, { ...within, purpose }, context)
  const query = {
    selector: { ...within, ...(user === null ? {} : { user }), state },
    scope: mine ? ('own' as const) : ('reach' as const),
    sort: state === 'active' ? ('last-activity' as const) : ('created' as const),
    cursor: null,
  }
  const { items, nextCursor } = await service.sessions.list(query, purpose, mostChoices)
  if (nextCursor !== null) {
    context.terminal.note(`The newest ${mostChoices} are shown; the selectors of sessions list narrow them.`)
  }
  return { whose: user === null ? 'yours' : user, items }
}
