import type { Context } from '../../context.ts'
import type { Grant, Grants } from '../../service/grants.ts'
import { grantChoiceView } from '../../views/grant.view.ts'
import type { Purpose } from '../shared/acting.ts'
import { askOne, askSome, mostChoices } from '../shared/asking.ts'

/** Which grants are to end. */
export const askGrants = async (grants: Grants, purpose: Purpose, context: Context): Promise<string[]> => {
  const question = 'Which grants end now, with everything opened under them?'
  const chosen = await askSome(
    question,
    grantChoiceView,
    await look(grants, 'active', purpose, context),
    context,
  )
  return chosen.map(({ id }) => id)
}

/** Which grant is to be looked at. */
export const askGrant = async (grants: Grants, purpose: Purpose, context: Context): Promise<string> => {
  const items = await look(grants, 'any', purpose, context)
  return (await askOne('Show which grant?', grantChoiceView, items, context)).id
}

const look = async (
  grants: Grants,
  state: 'active' | 'any',
  purpose: Purpose,
  { settings, terminal }: Context,
): Promise<readonly Grant[]> => {
  const organization = settings.organization.value
  const selector = { ...(organization === null ? {} : { organization }), state }
  const { items, nextCursor } = await grants.list({ selector, cursor: null }, purpose, mostChoices)
  if (nextCursor !== null) terminal.note(`The newest ${mostChoices} are shown; grants list has them all.`)
  return items
}
