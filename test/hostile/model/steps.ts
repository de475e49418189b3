import { randomUUID } from 'node:crypto'
import type { Ran } from '../../support/run.ts'
import { blocklistStatus, checkToken, pendingOf, syncBlocklist } from './promises/blocklist.ts'
import { setPolicy, sweep } from './promises/ends.ts'
import { createGrant, revokeGrants } from './promises/grants.ts'
import {
  countSessions,
  listEvents,
  listGrants,
  listSessions,
  listUsers,
  type Selector,
  showSession,
  verifyUser,
} from './promises/looks.ts'
import { tried } from './promises/reach.ts'
import { repeat, revokeSelected, revokeSessions } from './promises/revoke.ts'
import { isLive, stateOf } from './promises/session.ts'
import { actOnUsers, type UserVerb } from './promises/users.ts'
import {
  type Grant,
  hour,
  type Outcome,
  type Policy,
  type Session,
  type User,
  type World,
} from './promises/world.ts'

/** One thing that somebody does: the command as it is typed, and what the model says will happen. */
export interface Command {
  readonly login: string
  readonly argv: readonly string[]
  readonly expect: (w: World) => Outcome
  /** The part of a JSON answer that the model speaks of. */
  readonly project?: (answer: Answer) => unknown
  /** Looks at, or acts in, every organization within reach: staff say so first. */
  readonly looks: boolean
}

/** What the platform does, and the time. */
export type Happening =
  | {
      readonly what: 'login'
      readonly user: User
      readonly kind: Session['kind']
      readonly grant: Grant | null
    }
  | { readonly what: 'refresh' | 'logout'; readonly session: Session }
  | { readonly what: 'time'; readonly minutes: number }
  | { readonly what: 'rehire'; readonly user: User }
  | { readonly what: 'Redis is emptied and rebuilt' }

export type Step = { readonly command: Command } | { readonly happening: Happening }

// biome-ignore lint/suspicious/noExplicitAny: what a command prints; each projection names the fields that it means.
type Answer = any
export const answerOf = (ran: Ran): Answer => ran.json<Answer>()

/** Numbers from a seed (mulberry32), so that a sequence can be run again. */
export const seeded = (seed: number) => {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number) => Math.floor(next() * n)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const uuid = () =>
    Array.from({ length: 32 }, () => below(16).toString(16))
      .join('')
      .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5')
  return { below, pick, chance: (part: number) => next() < part, uuid }
}
export type Random = ReturnType<typeof seeded>

const operators = ['kari', 'liv_login', 'nils', 'ada', 'gro', 'siv'] as const
const byId = (a: { id?: string; sessionId?: string; grantId?: string }, b: typeof a): number =>
  (a.id ?? a.sessionId ?? a.grantId ?? '') < (b.id ?? b.sessionId ?? b.grantId ?? '') ? -1 : 1
const only = <T extends object, K extends keyof T>(one: T, ...keys: K[]): Pick<T, K> =>
  Object.fromEntries(keys.map((key) => [key, one[key]])) as Pick<T, K>
const listed =
  (...keys: string[]) =>
  ({ items }: Answer) =>
    items.map((item: Answer) => only(item, ...keys)).sort(byId)

/** Ids as somebody types them: mostly of sessions that go on, some ended, some of others, some of nobody. */
const someSessions = (w: World, random: Random): string[] =>
  Array.from({ length: 1 + random.below(3) }, () => {
    const active = w.sessions.filter((session) => stateOf(w, session) === 'active')
    const from = active.length > 0 && random.chance(0.7) ? active : w.sessions
    return from.length === 0 || random.chance(0.08) ? random.uuid() : random.pick(from).id
  })

const reasonOf = (w: World): string => `reason ${w.record.length}`

type Maker = (w: World, random: Random) => Step

const command =
  (make: (w: World, random: Random) => Command): Maker =>
  (w, random) => ({ command: make(w, random) })

/** Acts say why, ask nobody, and are now and then only tried. */
const act = (
  w: World,
  random: Random,
  words: readonly string[],
  expect: (w: World, reason: string) => Outcome,
) => {
  const reason = reasonOf(w)
  const dry = random.chance(0.12)
  return {
    dry,
    argv: [...words, '--reason', reason, '--yes', ...(dry ? ['--dry-run'] : [])],
    expect: (world: World) => (dry ? tried(world, () => expect(world, reason)) : expect(world, reason)),
  }
}

const looking = command((w, random) => {
  const login = random.chance(0.05) ? 'admin' : random.pick(operators)
  return random.pick<() => Command>([
    () => {
      const selector: Selector = {
        state: random.pick(['active', 'expired', 'revoked', 'any'] as const),
        ...(random.chance(0.3) && { kind: random.pick(['mobile', 'portal'] as const) }),
      }
      const words = Object.entries(selector).flatMap(([name, value]) => [`--${name}`, value])
      return {
        login,
        argv: ['sessions', 'list', '--all', ...words],
        expect: (world) => listSessions(world, login, selector),
        project: listed(
          ...[
            'id',
            'userId',
            'organization',
            'kind',
            'state',
            'supportAccessGrantId',
            'revokedBy',
            'revokeReason',
          ],
        ),
        looks: true,
      }
    },
    () => {
      const [id = ''] = someSessions(w, random)
      return {
        login,
        argv: ['sessions', 'show', id],
        expect: (world) => showSession(world, login, id),
        project: ({ item }) =>
          only(
            item,
            ...[
              'id',
              'userId',
              'organization',
              'kind',
              'state',
              'supportAccessGrantId',
              'revokedBy',
              'revokeReason',
            ],
          ),
        looks: true,
      }
    },
    () => {
      const tenant = random.pick(['kari', 'liv_login', 'ada', 'nils'])
      return {
        login: tenant,
        argv: ['audit', 'list', '--limit', '12'],
        expect: (world) => listEvents(world, tenant, 12),
        project: ({ items }) => items.map((item: Answer) => only(item, 'seq', 'action', 'targetId')),
        looks: false,
      }
    },
    () => ({
      login,
      argv: ['sessions', 'stats'],
      expect: (world) => countSessions(world, login),
      project: ({ item }) => only(item, 'active', 'expired'),
      looks: true,
    }),
    () => ({
      login,
      argv: ['users', 'list', '--all'],
      expect: (world) => listUsers(world, login),
      project: listed('id', 'status', 'activeSessions'),
      looks: true,
    }),
    () => ({
      login,
      argv: ['grants', 'list', '--state', 'any', '--all'],
      expect: (world) => listGrants(world, login),
      project: listed('id', 'organization', 'granteeUserId', 'state', 'activeSessions'),
      looks: true,
    }),
  ])()
})

const verifying = command((w, random) => {
  const login = random.chance(0.2) ? 'admin' : random.pick(operators)
  const user = random.pick(w.users)
  const offboarded = random.chance(0.5)
  return {
    login,
    argv: ['users', 'verify', user.email, ...(offboarded ? ['--offboarded'] : [])],
    expect: (world) => verifyUser(world, login, user, offboarded),
    project: ({ items }) => only(items[0], 'ended'),
    looks: true,
  }
})

const revocation = ({ summary, items }: Answer) => ({
  summary,
  items: items.map((item: Answer) => only(item, 'sessionId', 'outcome')).sort(byId),
})

const revoking = command((w, random) => {
  const login = random.pick(operators)
  const ids = someSessions(w, random)
  const { argv, expect } = act(w, random, ['sessions', 'revoke', ...ids], (world, reason) =>
    revokeSessions(world, login, ids, reason),
  )
  if (argv.includes('--dry-run') || random.chance(0.7))
    return { login, argv, expect, project: revocation, looks: true }
  const once = [...argv, '--request-id', random.uuid()]
  const remembered = (world: World): Outcome => {
    const outcome = expect(world)
    // A refusal does not use the id up.
    if (!outcome.error) world.answered = { login, argv: once, outcome }
    return outcome
  }
  return { login, argv: once, expect: remembered, project: revocation, looks: true }
})

const repeating: Maker = (w, random) =>
  w.answered
    ? { command: { ...w.answered, expect: repeat, project: revocation, looks: false } }
    : revoking(w, random)

const revokingSelected = command((w, random) => {
  const login = random.pick(operators)
  const user = random.pick(w.users.filter(({ home }) => home !== 'platform'))
  const reachable = w.logins[login]
  const own = reachable !== 'administrator' && reachable?.home === user.home
  const grant = w.grants.at(-1)
  const selector: Selector =
    own && random.chance(0.5)
      ? { user }
      : grant && random.chance(0.5)
        ? { grant: grant.id }
        : { kind: 'portal', state: random.pick(['active', 'expired'] as const) }
  const words = Object.entries(selector).flatMap(([name, value]) => [
    `--${name}`,
    typeof value === 'string' ? value : value.email,
  ])
  const most = random.pick([1, 2, 100])
  const { argv, expect } = act(
    w,
    random,
    ['sessions', 'revoke', ...words, '--max-affected', String(most)],
    (world, reason) => revokeSelected(world, login, selector, reason, most),
  )
  const project = (answer: Answer) =>
    answer.summary.requested === 0
      ? { summary: only(answer.summary, 'requested', 'revoked'), items: [] }
      : revocation(answer)
  return { login, argv, expect, project, looks: true }
})

const actingOnUsers = command((w, random) => {
  const login = random.chance(0.1) ? 'admin' : random.pick(operators)
  const verb = random.pick<UserVerb>([
    'sign-out',
    'sign-out',
    'offboard',
    'offboard',
    'reinstate',
    'reinstate',
  ])
  const candidates = w.users.filter(({ home }) => (home === 'platform') === (login === 'admin'))
  const asked = login === 'admin' && verb === 'reinstate' ? 'sign-out' : verb
  const users = [...new Set([random.pick(candidates), random.pick(candidates)])]
  const skip = random.chance(0.5)
  const { argv, expect } = act(
    w,
    random,
    ['users', asked, ...users.map(({ email }) => email), ...(skip ? ['--skip-invalid'] : [])],
    (world, reason) => actOnUsers(world, login, asked, users, { reason, skip }),
  )
  const project = ({ summary: { invalid: _, failed: __, ...summary }, items }: Answer) => ({
    summary,
    items: items.map((item: Answer) => only(item, 'outcome', 'sessionsRevoked')),
  })
  return { login, argv, expect, project, looks: true }
})

const granting = command((w, random) => {
  const login = random.pick(operators)
  const to = random.pick(w.users.filter(({ role }) => role === 'global_admin'))
  const hours = random.pick([1, 4, 4, 60, 100])
  const { argv, expect } = act(
    w,
    random,
    ['grants', 'create', '--to', to.id, '--for', `${hours}h`],
    (world, reason) =>
      createGrant(world, login, to, { length: hours * hour, asked: `PT${hours * 3600}S`, reason }),
  )
  const project = ({ items }: Answer) => only(items[0], 'granteeUserId', 'organization', 'state')
  return { login, argv, expect, project, looks: false }
})

const revokingGrants = command((w, random) => {
  const login = random.pick(operators)
  const live = w.grants.filter((grant) => isLive(w, grant))
  const ids = Array.from({ length: 1 + random.below(2) }, () =>
    w.grants.length === 0 || random.chance(0.1)
      ? random.uuid()
      : random.pick(live.length > 0 && random.chance(0.7) ? live : w.grants).id,
  )
  const { argv, expect } = act(w, random, ['grants', 'revoke', ...ids], (world, reason) =>
    revokeGrants(world, login, ids, reason),
  )
  const project = ({ summary, items }: Answer) => ({
    summary: only(summary, 'requested', 'refreshTokensRevoked', 'accessTokensBlocked'),
    items: items.map((item: Answer) => only(item, 'grantId', 'outcome', 'sessionsRevoked')).sort(byId),
  })
  return { login, argv, expect, project, looks: false }
})

const limits = {
  idleTimeout: { flag: '--idle-timeout', hours: [1, 2, null] },
  absoluteLifetime: { flag: '--absolute-lifetime', hours: [9, 71, null] },
  maxSupportAccess: { flag: '--max-support-access', hours: [2, 96, null] },
} as const

const settingPolicy = command((w, random) => {
  const login = random.pick(operators)
  const name = random.pick(Object.keys(limits) as (keyof Policy)[])
  const hours = random.pick<number | null>(limits[name].hours)
  const reason = reasonOf(w)
  return {
    login,
    argv: [
      ...['sessions', 'policy', 'set', limits[name].flag, hours === null ? 'off' : `${hours}h`],
      ...['--reason', reason, '--yes'],
    ],
    expect: (world) => setPolicy(world, login, { [name]: hours === null ? null : hours * hour }, reason),
    project: ({ changed, summary: { endNow, endWithinDay: _, ...summary } }) => ({
      changed,
      summary: { ...summary, endNow: endNow.sessions },
    }),
    looks: true,
  }
})

const sweeping = command((w, random) => {
  const login = random.chance(0.2) ? 'admin' : random.pick(operators)
  const { argv, expect } = act(w, random, ['sessions', 'sweep'], (world, reason) =>
    sweep(world, login, reason),
  )
  const byReason = (a: { reason: string }, b: { reason: string }) => (a.reason < b.reason ? -1 : 1)
  return {
    login,
    argv,
    expect: (world) => {
      const outcome = expect(world)
      const answer = outcome.answer as { items: { reason: string }[] } | undefined
      return answer ? { ...outcome, answer: { ...answer, items: answer.items.sort(byReason) } } : outcome
    },
    project: ({ summary, items }) => ({ summary, items: items.sort(byReason) }),
    looks: true,
  }
})

const blocklist = command((w, random) => {
  // What staff see of it depends on what they ended themselves: not spoken of here.
  const login = random.pick(['kari', 'nils', 'ada', 'liv_login', 'admin'])
  const jtis = w.sessions.flatMap(({ chain }) => chain.map(({ jti }) => jti))
  const blocked = jtis.filter((jti) => w.blocked.has(jti))
  const from = blocked.length > 0 && random.chance(0.7) ? blocked : jtis
  const jti = from.length > 0 ? random.pick(from) : random.uuid()
  return random.pick<() => Command>([
    () => ({
      login,
      argv: ['blocklist', 'check', jti],
      expect: (world) => checkToken(world, login, jti),
      project: ({ item }) => only(item, 'sessionId'),
      looks: false,
    }),
    () => ({
      login,
      argv: ['blocklist', 'status'],
      expect: (world) => blocklistStatus(world, login),
      project: ({ item }) => only(item, 'live', 'pending'),
      looks: false,
    }),
    () => ({
      login: login === 'ada' ? 'admin' : login,
      argv: ['blocklist', 'sync'],
      expect: (world) => syncBlocklist(world, login === 'ada' ? 'admin' : login),
      looks: false,
    }),
  ])()
})

const happen =
  (make: (w: World, random: Random) => Happening | null): Maker =>
  (w, random) => {
    const happening = make(w, random)
    return { happening: happening ?? { what: 'time', minutes: 1 } }
  }

const loggingIn = happen((w, random) => {
  const user = random.pick(w.users)
  const grants = w.grants.filter(({ grantee }) => grantee === user)
  const grant = grants.length > 0 && random.chance(0.8) ? (grants.at(-1) ?? null) : null
  return { what: 'login', user, kind: random.pick(['mobile', 'mobile', 'portal'] as const), grant }
})
const recent = (w: World): Session[] => w.sessions.slice(-40)
const refreshing = happen((w, random) =>
  w.sessions.length > 0 ? { what: 'refresh', session: random.pick(recent(w)) } : null,
)
const loggingOut = happen((w, random) =>
  w.sessions.length > 0 ? { what: 'logout', session: random.pick(recent(w)) } : null,
)
const passing = happen((_, random) => ({ what: 'time', minutes: random.pick([3, 11, 47, 190, 700]) }))
const rehiring = happen((w) => {
  const user = w.users.find(({ role, active }) => role === 'global_admin' && !active)
  return user ? { what: 'rehire', user } : null
})
const losingRedis = happen(() => ({ what: 'Redis is emptied and rebuilt' }))

/** How often each is done. */
const makers: readonly (readonly [number, Maker])[] = [
  [22, loggingIn],
  [8, refreshing],
  [4, loggingOut],
  [7, passing],
  [3, rehiring],
  [1, losingRedis],
  [12, looking],
  [6, verifying],
  [11, revoking],
  [2, repeating],
  [5, revokingSelected],
  [10, actingOnUsers],
  [7, granting],
  [5, revokingGrants],
  [3, settingPolicy],
  [4, sweeping],
  [6, blocklist],
]
const lot = makers.flatMap(([weight, maker]) => Array<Maker>(weight).fill(maker))

export const nextStep = (w: World, random: Random): Step => {
  const step = random.pick(lot)(w, random)
  // Staff cannot carry what others left for Redis, and would wait for a publisher: somebody has been there before.
  const staff = 'command' in step && ['gro', 'siv'].includes(step.command.login)
  if (staff && pendingOf(w) > 0)
    return {
      command: {
        login: 'admin',
        argv: ['blocklist', 'sync'],
        expect: (world) => syncBlocklist(world, 'admin'),
        looks: false,
      },
    }
  return step
}

/** Ids of what the platform makes. */
export const newId = (): string => randomUUID()
