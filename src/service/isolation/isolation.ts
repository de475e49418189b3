import { MeanderError } from '../../errors.ts'
import type { Database } from '../../postgres/database.ts'
import { type Identity, whoami } from '../../postgres/identity.ts'
import { attempt, type CallableFunction, readCallable } from '../../postgres/inspection/attempt.ts'
import { type Arguments, type Names, operatorCalls } from '../../postgres/operator-calls.ts'
import type { Check } from '../doctor/check.ts'
import type { Stores } from '../stores.ts'
import { alike, difference, type Told } from './compare.ts'
import { guessedCalls } from './guess.ts'
import { kinds, namesIn, nobodys, type Probe } from './probe.ts'

export interface IsolationResult {
  readonly summary: Readonly<Record<'functions' | 'calls' | 'findings' | 'notChecked', number>>
  /** One for each function that the login may execute, and for what could not be tried. */
  readonly items: readonly Check[]
}

interface Tries {
  readonly db: Database
  readonly probes: readonly Names[]
  /** Whether the login can read what its calls put on record. */
  readonly readsRecord: boolean
}

const expected = 'the same for what is another organization’s and for what is nobody’s'
/** Something else may happen to the own organization between two calls: a true difference stays. */
const rounds = 3

/**
 * Tries what belongs to another organization through every function that the login may call, each call rolled back,
 * and compares answer and record with those for what nobody has.
 */
export class Isolation {
  readonly #stores: Stores

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /** @throws MeanderError REFUSED for a login that is no operator's, USAGE for ids that are its own organization's. */
  async examine(probes: readonly Probe[], signal: AbortSignal): Promise<IsolationResult> {
    const db = await this.#stores.database()
    const identity = await whoami(db)
    refuseOwn(identity, probes)
    await refuseWithinReach(db, identity, probes)
    const readsRecord = identity.organizations.some(({ through }) => through === 'own')
    const tries: Tries = { db, probes: probes.map(namesIn), readsRecord }
    const items: Check[] = []
    let calls = 0
    const functions = await readCallable(db)
    for (const one of functions) {
      signal.throwIfAborted()
      const tried = await tryFunction(one, tries)
      calls += tried.calls
      items.push(tried.check)
    }
    items.push(...untried(probes, readsRecord))
    const count = (state: Check['state']) => items.filter((item) => item.state === state).length
    return {
      summary: {
        functions: functions.length,
        calls,
        findings: count('finding'),
        notChecked: count('not checked'),
      },
      items,
    }
  }
}

const refuseOwn = ({ kind, organizations }: Identity, probes: readonly Probe[]): void => {
  if (kind !== 'operator') {
    throw new MeanderError('REFUSED', 'Isolation is what holds operators: this login is none.', {
      hint: 'Run it with the login of an operator.',
    })
  }
  const own = organizations.find(({ id, slug }) =>
    probes.some((probe) => probe.organization === id || probe.slug === slug),
  )
  if (own) {
    throw new MeanderError('USAGE', `The probe is of ${own.slug}, which this login may reach.`, {
      hint: 'Name another organization’s ids.',
    })
  }
}

/** What each of these shows is of an organization, and says of which. */
const shown: readonly (readonly [kind: keyof Names, name: string])[] = [
  ['grant', 'get_grant'],
  ['session', 'get_session'],
  ['user', 'get_user'],
  ['email', 'get_user'],
]

/**
 * A probe may say that it is of another organization and name things of the own one, or say nothing: what is tried is
 * rolled back, but whose connections a call ends is not.
 */
const refuseWithinReach = async (
  db: Database,
  { organizations }: Identity,
  probes: readonly Probe[],
): Promise<void> => {
  for (const probe of probes) {
    for (const [kind, name] of shown) {
      const value = probe[kind]
      if (!value) continue
      const args = name === 'get_user' ? { p_user: value } : { [`p_${kind}`]: value }
      const { rows } = await attempt(db, name, args, { readsRecord: false })
      const told = JSON.stringify(rows?.map(ofWhom) ?? [])
      const own = organizations.find(({ id }) => told.includes(id))
      if (own === undefined) continue
      throw new MeanderError(
        'USAGE',
        `The probe names a ${kind} of ${own.slug}, which this login may reach.`,
        {
          hint: 'Name another organization’s ids.',
        },
      )
    }
  }
}

/** The organization of what a row shows: {grant: …}, {session: …} or {user: …}. */
const ofWhom = (row: object): unknown => {
  const [answer] = Object.values(row)
  const { grant, session, user } = (answer ?? {}) as Record<string, Record<string, unknown> | undefined>
  return (grant ?? session ?? user)?.organization_id
}

const tryFunction = async (
  one: CallableFunction,
  { db, probes, readsRecord }: Tries,
): Promise<{ calls: number; check: Check }> => {
  const known = operatorCalls[one.name]
  const callsWith = (names: Names): Arguments[] => (known ? known(names) : guessedCalls(one, names))
  const told = async (names: Names, at: number): Promise<Told> => ({
    names,
    outcome: await attempt(db, one.name, callsWith(names)[at] ?? {}, { readsRecord }),
  })
  let calls = 0
  const apart = new Set<string>()
  for (const names of probes) {
    for (const at of callsWith(names).keys()) {
      calls += 1
      const found = await compare(names, (tried) => told(tried, at))
      if (found) apart.add(found)
    }
  }
  return { calls, check: checkOf(one.name, { known: known !== undefined, calls, apart: [...apart] }) }
}

/** What differs; null where nothing does. */
const compare = async (names: Names, told: (names: Names) => Promise<Told>): Promise<string | null> => {
  let found: string | null = null
  for (let round = 1; round <= rounds; round++) {
    const [foreign, nobody] = [await told(names), await told(nobodys(names))]
    if (alike(foreign, nobody)) return null
    if (alike(foreign, nobody, await told(nobodys(names)))) return null
    found = difference(foreign, nobody)
  }
  return found
}

const counted = (calls: number): string => `${calls} call${calls === 1 ? '' : 's'}`

const checkOf = (
  name: string,
  { known, calls, apart }: { known: boolean; calls: number; apart: readonly string[] },
): Check => {
  const close = `an administrator runs: revoke execute on function meander.${name} from meander_operator`
  if (apart.length > 0) return { name, state: 'finding', expected, actual: apart.join('; '), fix: close }
  if (!known) {
    const guessed = calls === 0 ? 'not tried' : `the same in ${counted(calls)} by guess`
    return {
      name,
      state: 'finding',
      expected: 'a function that this tool knows',
      actual: `unknown, ${guessed}`,
      fix: `${close}, or install the meanderctl that brought it`,
    }
  }
  return { name, state: 'ok', expected, actual: `the same in ${counted(calls)}`, fix: null }
}

const untried = (probes: readonly Probe[], readsRecord: boolean): Check[] => {
  const missing = (name: string, what: string, actual: string): Check => ({
    name,
    state: 'not checked',
    expected: what,
    actual,
    fix: null,
  })
  return [
    ...kinds
      .filter((kind) => probes.every((probe) => !probe[kind]))
      .map((kind) => missing(`probe: ${kind}`, 'is tried', 'the probe names none')),
    ...(readsRecord
      ? []
      : [
          missing('record', 'the same', 'this login cannot read where its refusals are recorded'),
          missing(
            'under a grant',
            'the same',
            'would put another’s ids on the record of the organization that gave the grant',
          ),
        ]),
  ]
}
