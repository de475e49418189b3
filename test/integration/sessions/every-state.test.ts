import { beforeAll, describe, expect, inject, it } from 'vitest'
import {
  type EveryState,
  placeOf,
  type State,
  type Stated,
  seedEveryState,
} from '../../support/every-state.ts'
import { emailOf, type Person, people, peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

/** `sessions list`, `sessions stats`, `users show`, `users list` and `users verify` count every session alike. */

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const states: readonly State[] = ['active', 'expired', 'revoked']
let database: string
let seeded: EveryState
/** Sweeping makes of what has expired what is revoked. */
let swept = false
beforeAll(async () => {
  database = await peopledDatabase(server)
  seeded = await seedEveryState(server, database)
  await ask('admin', 'blocklist', 'sync')
})

const stateOf = ({ state }: Stated): State => (swept && state === 'expired' ? 'revoked' : state)
/** The names of the sessions that fit, in the alphabet's order. */
const expected = (fits: (seed: Stated) => boolean): string[] =>
  Object.entries(seeded.seeds)
    .flatMap(([name, seed]) => (fits(seed) ? [name] : []))
    .sort()

/** A command that may find access that has not ended, and nothing else that is wrong. */
const ask = async (login: string, ...argv: string[]) => {
  const ran = await run(server, database, login, argv, { redis })
  expect({ argv, code: ran.code, stderr: ran.stderr }).toEqual({
    argv,
    code: argv[1] === 'verify' ? expect.toSatisfy((code) => code === 0 || code === 7) : 0,
    stderr: expect.not.stringContaining('error'),
  })
  return ran
}
const listed = async (login: string, ...argv: string[]) =>
  seeded.sessions.names((await ask(login, 'sessions', 'list', ...argv, '-o', 'id')).stdout).sort()
const namesOf = (ids: readonly string[]) => seeded.sessions.names(ids.join('\n')).sort()

interface StatsItem {
  readonly active: number
  readonly expired: number
  readonly groups: readonly {
    readonly dimension: string
    readonly value: string
    readonly sessions: number
  }[]
}
interface UserItem {
  readonly activeSessions: number
  readonly sessions: readonly { readonly id: string; readonly state: State }[]
}
interface VerifyItems {
  readonly items: readonly {
    readonly email: string
    readonly ended: boolean
    readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[]
  }[]
}

/** What a login reaches: the organizations whose sessions it sees. */
const operators = [
  ['kari', ['hlf'], ['mari', 'ada', 'ola', 'liv', 'kari']],
  ['ada', ['hlf'], ['mari', 'ola']],
  ['nils', ['nhf'], ['nils', 'per']],
  ['gro', ['hlf'], ['mari', 'ola', 'liv', 'kari']],
  ['siv', ['nhf'], ['nils', 'per']],
  ['eva', ['empty'], ['eva']],
] as const

/** What has to hold before the sweep and after it. */
const countsAgree = () => {
  it.each(operators)('%s: by state, in the list and the statistics', async (login, places) => {
    const here = (seed: Stated) => (places as readonly string[]).includes(placeOf(seed))
    const count = (fits: (seed: Stated) => boolean) => expected((seed) => here(seed) && fits(seed)).length
    for (const state of states) {
      expect(await listed(login, '--state', state)).toEqual(
        expected((seed) => here(seed) && stateOf(seed) === state),
      )
      const { item } = (await ask(login, 'sessions', 'stats', '--state', state, '-o', 'json')).json<{
        item: StatsItem
      }>()
      expect(item).toMatchObject({
        active: count((seed) => stateOf(seed) === 'active'),
        expired: count((seed) => stateOf(seed) === 'expired'),
      })
      for (const kind of ['mobile', 'portal']) {
        const group = item.groups.find(({ dimension, value }) => dimension === 'kind' && value === kind)
        expect({ state, kind, sessions: group?.sessions }).toEqual({
          state,
          kind,
          sessions: count((seed) => stateOf(seed) === state && (seed.kind ?? 'mobile') === kind),
        })
      }
    }
    expect(await listed(login, '--state', 'any')).toEqual(expected(here))
  })

  it.each(operators)('%s: by user, shown, listed and verified', async (login, places, persons) => {
    const users = (await ask(login, 'users', 'list', '-o', 'ndjson')).stdout
      .split('\n')
      .flatMap((line) => (line ? [JSON.parse(line) as UserItem & { email: string }] : []))
    for (const person of persons) {
      const own = (state: State) =>
        expected(
          (seed) =>
            seed.person === person &&
            (places as readonly string[]).includes(placeOf(seed)) &&
            stateOf(seed) === state,
        )
      const email = emailOf(person)
      const { item } = (await ask(login, 'users', 'show', email, '-o', 'json')).json<{ item: UserItem }>()
      for (const state of states)
        expect({ person, state, names: shownIn(item, state) }).toEqual({ person, state, names: own(state) })
      expect(item.activeSessions).toBe(own('active').length)
      expect(users.find((user) => user.email === email)?.activeSessions).toBe(own('active').length)

      const verified = (await ask(login, 'users', 'verify', email, '-o', 'json')).json<VerifyItems>()
      expect(verifiedActive(verified)).toEqual(own('active'))
      // What only policy or time has ended keeps its access token until the sweep, and that is told.
      const open = swept ? own('active') : [...own('active'), ...own('expired').filter(hasChain)]
      expect({ person, ended: verified.items[0]?.ended }).toEqual({ person, ended: open.length === 0 })
    }
  })

  it.each(['gro', 'siv'] as const)('staff: %s, everywhere and as a visitor', async (person) => {
    const own = (state: State, place?: string) =>
      expected(
        (seed) =>
          seed.person === person &&
          stateOf(seed) === state &&
          (place === undefined || placeOf(seed) === place),
      )
    const shown = (await ask('kari', 'users', 'show', emailOf(person), '-o', 'json')).json<{
      item: UserItem
    }>().item
    for (const state of states) {
      expect(await listed(person, '--mine', '--state', state)).toEqual(own(state))
      expect(shownIn(shown, state)).toEqual(own(state, 'hlf'))
    }
    expect(shown.activeSessions).toBe(own('active', 'hlf').length)
    const verified = (
      await ask('admin', 'users', 'verify', people[person].id, '-o', 'json')
    ).json<VerifyItems>()
    expect(verifiedActive(verified)).toEqual(own('active'))
  })
}

const shownIn = ({ sessions }: UserItem, wanted: State): string[] =>
  namesOf(sessions.flatMap(({ id, state }) => (state === wanted ? [id] : [])))
const hasChain = (name: string): boolean => seeded.seeds[name]?.chain !== 0
const verifiedActive = ({ items }: VerifyItems): string[] => {
  const check = items[0]?.checks.find(({ name }) => name === 'noActiveSession')
  const ids = [...(check?.detail ?? '').matchAll(/session ([0-9a-f-]{36})/g)].map(([, id]) => id ?? '')
  expect(check?.ok).toBe(ids.length === 0)
  return namesOf(ids)
}

describe('as time, policy and people left them', countsAgree)

describe('after the sweep', () => {
  beforeAll(async () => {
    for (const login of ['kari', 'nils', 'gro', 'siv'] satisfies Person[])
      await ask(login, 'sessions', 'sweep', '--reason', 'nightly', '--yes')
    swept = true
  })
  countsAgree()
})
