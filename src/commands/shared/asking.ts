import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { SessionManagementService } from '../../service/session-management-service.ts'
import type { UserSelector } from '../../service/users/users.ts'
import { userChoiceView } from '../../views/user.view.ts'
import type { View } from '../../views/view.ts'
import type { Purpose } from './acting.ts'

/** What was left out is asked for where somebody sits who did not say --yes. */
export const mayAsk = ({ yes }: { readonly yes?: boolean }, { terminal }: Context): boolean =>
  terminal.interactive && !yes

/** Lines of a list that somebody chooses from; who has more narrows it by options. */
export const mostChoices = 200
const found = 10

/** A text that is not empty. */
export const askText = (question: string, context: Context): Promise<string> =>
  context.terminal.prompt
    .text(question, { validate: (text) => text.trim() !== '' || 'This cannot be left empty.' })
    .then((text) => text.trim())

interface Narrowed extends UserSelector {
  readonly purpose: Purpose
}

/**
 * Which user: found while one types, an e-mail address that names nobody else there. To a global admin each look at
 * an organization is on its record beforehand, so nobody's list is read for every letter: the address is typed whole.
 * @throws MeanderError NOT_FOUND where there is nobody to choose.
 */
export const askUser = async (
  question: string,
  { users, identity }: SessionManagementService,
  { purpose, ...selector }: Narrowed,
  context: Context,
): Promise<string> => {
  const { organizations } = await identity.whoami()
  if (organizations.every(({ through }) => through !== 'own')) {
    return askText(`${question} E-mail address or id, in full:`, context)
  }
  const find = async (search: string) => {
    const narrowed = search === '' ? selector : { ...selector, search }
    const { items } = await users.list({ selector: narrowed, cursor: null }, purpose, found)
    return context.show.choices(userChoiceView, items)
  }
  const first = await find('')
  if (first.length === 0) throw nothingToChoose('user')
  const user = await context.terminal.prompt.search(
    `${question} Type the beginning of an e-mail address or a name`,
    async (typed) => (typed.trim() === '' ? first : find(typed.trim())),
  )
  return user.email
}

/** One of these. @throws MeanderError NOT_FOUND where there is none. */
export const askOne = async <T>(
  question: string,
  view: View<T>,
  items: readonly T[],
  context: Context,
): Promise<T> => {
  if (items.length === 0) throw nothingToChoose(view.noun[0])
  return context.terminal.prompt.select(question, await context.show.choices(view, items))
}

/** Some of these. @throws MeanderError NOT_FOUND where there is none. */
export const askSome = async <T>(
  question: string,
  view: View<T>,
  items: readonly T[],
  context: Context,
): Promise<T[]> => {
  if (items.length === 0) throw nothingToChoose(view.noun[0])
  return context.terminal.prompt.checkbox(question, await context.show.choices(view, items))
}

const nothingToChoose = (what: string): MeanderError =>
  new MeanderError('NOT_FOUND', `There is no ${what} to choose.`, {
    hint: 'See what is within reach: meanderctl whoami',
  })
