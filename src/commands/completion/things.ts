import type { OwnedContext } from '../../context.ts'
import type { Grant } from '../../service/grants.ts'
import type { SessionManagementService } from '../../service/session-management-service.ts'
import { type SelectorOptions, selectionOf } from '../shared/selectors.ts'
import { pathOf } from '../shared/tree.ts'
import type { Candidate, Thing } from '../shared/wanted.ts'
import type { Line } from './line.ts'

type Known = Exclude<Thing, 'file' | 'format'>

/** So many are read: more than anybody looks through. */
const most = 500

/** What there is of `thing` for this login. Nothing where a look is an act on somebody's record. */
export const thingsWithinReach = async (
  thing: Known,
  line: Line,
  context: OwnedContext,
): Promise<Candidate[]> => {
  const chosen = optionsGiven(line)
  const noun = thing === 'profile' ? thing : (pathOf(line.command).split(' ')[0] ?? '')
  const { profile, envFile } = chosen as { readonly profile?: string; readonly envFile?: string }
  await context.configure(
    { input: false, pager: false, quiet: true, ...(profile && { profile }), ...(envFile && { envFile }) },
    noun,
  )
  if (thing === 'profile') return profiles(context)
  const service = await context.unchecked()
  const { kind, organizations } = await service.identity.whoami()
  if (thing === 'organization') return organizations.map(({ slug, name }) => [slug, name])
  if (thing === 'operator') return kind === 'administrator' ? operators(service) : []
  // To the staff every look at an organization is on its record beforehand, so none is taken for a word.
  if (organizations.length === 0 || organizations.some(({ through }) => through !== 'own')) return []
  return readers[thing](service, { line, chosen, context })
}

interface Look {
  readonly line: Line
  readonly chosen: SelectorOptions
  readonly context: OwnedContext
}

/** Never written down: whoever belongs to an organization looks at it without a record. */
const purpose = { reason: 'completing a word', ticket: null }

const within = ({ chosen, context }: Look) => {
  const organization = chosen.org ?? context.settings.organization.value
  return organization === null ? {} : { organization }
}

type Reader = (service: SessionManagementService, look: Look) => Promise<Candidate[]>

const users =
  (status?: 'deactivated'): Reader =>
  async ({ users }, look) => {
    const { typed } = look.line
    const selector = { ...within(look), ...(typed && { search: typed }), ...(status && { status }) }
    const { items } = await users.list({ selector, cursor: null }, purpose, most)
    return items.map(({ email, name }) => [email, name])
  }

const sessions =
  (state: 'active' | 'any'): Reader =>
  async ({ sessions }, { chosen, context }) => {
    const { scope, selector, sort } = selectionOf({ state, ...chosen }, context)
    const { items } = await sessions.list({ selector, scope, sort, cursor: null }, purpose, most)
    return items.map(({ id, userEmail, kind, deviceName, ip }) => [
      id,
      [userEmail ?? kind, deviceName ?? kind, ip].filter(Boolean).join(' '),
    ])
  }

const grantsBy =
  (state: 'active' | 'any', show: (grant: Grant) => Candidate): Reader =>
  async ({ grants }, look) => {
    const selector = { ...within(look), state }
    const { items } = await grants.list({ selector, cursor: null }, purpose, most)
    // A person may have held several.
    return [...new Map(items.map(show).map((one) => [one[0], one])).values()]
  }

const readers: Record<Exclude<Known, 'organization' | 'operator' | 'profile'>, Reader> = {
  user: users(),
  'deactivated user': users('deactivated'),
  session: sessions('any'),
  'active session': sessions('active'),
  grant: grantsBy('any', ({ id, granteeEmail, state, reason }) => [
    id,
    [state, granteeEmail, reason].filter(Boolean).join(' '),
  ]),
  'active grant': grantsBy('active', ({ id, granteeEmail, reason }) => [
    id,
    [granteeEmail, reason].filter(Boolean).join(' '),
  ]),
  grantee: grantsBy('any', ({ granteeEmail }) => [granteeEmail ?? '']),
}

const operators = async ({ operators }: SessionManagementService): Promise<Candidate[]> =>
  (await operators.list()).map(({ login, role }) => [login, role ?? ''])

const profiles = async (context: OwnedContext): Promise<Candidate[]> => {
  const list = await (await context.profiles()).list()
  return list.map(({ name, production, database }) => [
    name,
    [production && 'production', database].filter(Boolean).join(' '),
  ])
}

/** What was given to options so far, as their own parsers read it. */
const optionsGiven = ({ given }: Line): SelectorOptions => {
  const values: Record<string, unknown> = {}
  for (const [option, value] of given) {
    const name = option.attributeName()
    const isFlag = !option.required && !option.optional
    values[name] = isFlag ? !option.negate : (option.parseArg?.(value, values[name]) ?? value)
  }
  return values
}
