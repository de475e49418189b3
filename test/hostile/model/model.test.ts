import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, type Login, password } from '../../support/as-login.ts'
import { everythingOf } from '../../support/bystanders.ts'
import { emailOf, type Person, people, peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../../support/redis.ts'
import { run } from '../../support/run.ts'
import { logOut, mayLogIn, mayRefresh } from './promises/platform.ts'
import { reachOf } from './promises/reach.ts'
import { endOf } from './promises/session.ts'
import {
  type Event,
  hour,
  idOf,
  type Outcome,
  type Place,
  type Session,
  type User,
  type World,
} from './promises/world.ts'
import {
  answerOf,
  type Command,
  type Happening,
  newId,
  nextStep,
  type Random,
  type Step,
  seeded,
} from './steps.ts'

/**
 * Several operators, the platform and the clock do things at random, and after each a plain model (`promises/`) says
 * what must have come of it: the answer, its counts, the exit code, every event on the record, and what Redis blocks.
 * A failure prints its seed and every step; `MEANDERCTL_MODEL_SEED=… npm test -- hostile/model` goes the same way again.
 */

const soak = process.env.MEANDERCTL_SOAK !== undefined
// Otherwise always the same way: whoever sees it red has changed something.
const seed = Number(process.env.MEANDERCTL_MODEL_SEED ?? (soak ? Date.now() % 1_000_000 : 1))
const steps = Number(process.env.MEANDERCTL_MODEL_STEPS ?? (soak ? 10_000 : 1_000))
const wholeStateEvery = 100

const server = postgresAt(inject('postgres'))
let database: string
let redis: PrivateRedis
let keys: Redis
let superuser: Login
let auth: Login
let bystanders: string
let world: World
/** The time that was let pass by hand, in microseconds. */
let passed = 0
const users = (Object.keys(people) as Person[])
  .filter((name) => people[name].organization !== 'empty')
  .map((name): User => {
    const { id, organization, role } = people[name]
    const powers = role === 'org_admin' || role === 'global_admin' ? role : 'member'
    return {
      id,
      email: emailOf(name),
      home: (organization ?? 'platform') as Place,
      role: name === 'ada' ? 'auditor' : powers,
      active: true,
    }
  })
const person = (name: Person): User => users.find(({ id }) => id === people[name].id) as User

beforeAll(async () => {
  database = await peopledDatabase(server)
  redis = await startRedis()
  keys = new Redis(redis.port, redis.host)
  superuser = await asLogin(server, database, 'postgres')
  auth = await asLogin(server, database, 'auth')
  await superuser.rows(`do $$ begin
      if not exists (select from pg_roles where rolname = 'liv_login') then
        create role liv_login login password '${password}';
      end if;
    end $$;
    select meander.add_operator('liv_login', '${emailOf('liv')}', null)`)
  bystanders = await everythingOf(server, database, 'empty')
  const logins = {
    ...{ kari: person('kari'), liv_login: person('liv'), ada: person('ada'), nils: person('nils') },
    ...{ gro: person('gro'), siv: person('siv'), admin: 'administrator' as const },
  }
  const none = { idleTimeout: null, absoluteLifetime: null, maxSupportAccess: null }
  world = {
    now: now(),
    users,
    logins,
    grants: [],
    sessions: [],
    policies: { hlf: none, nhf: none, platform: none },
    blocked: new Set(),
    told: new Set(),
    record: [],
    written: { hlf: [], nhf: [], platform: [] },
    answered: null,
  }
  await newEvents()
  expect((await ask('admin', ['blocklist', 'sync'])).code).toBe(0)
})
afterAll(async () => {
  await closeLogins()
  keys.disconnect()
  await redis.stop()
})

const now = (): number => Date.now() * 1000 + passed
const ask = (login: string, argv: readonly string[]) =>
  run(server, database, login, [...argv, '-o', 'json'], { redis: redis.url })
const micros = (column: string): string => `(extract(epoch from ${column}) * 1000000)::bigint`
/** A moment of the database, where the time that passed by hand has passed for everything in it. */
const moment = (text: string | null | undefined): number => Number(text) + passed

// --- What happens without a command ----------------------------------------------------------------------------

/** Everything in the database becomes so much older; what is on the record, and Redis, keep their time. */
const passTime = async (minutes: number): Promise<void> => {
  const shifted = Object.entries({
    sessions: ['created_at', 'last_activity_at', 'expires_at', 'revoked_at'],
    refresh_tokens: ['created_at', 'access_expires_at', 'rotated_at', 'revoked_at'],
    support_access_grants: ['created_at', 'expires_at', 'revoked_at'],
    token_blocklist: ['created_at', 'expires_at', 'published_at'],
    intents: ['created_at'],
  }).map(
    ([table, columns]) =>
      `update meander.${table} set ${columns.map((column) => `${column} = ${column} - interval '${minutes} minutes'`).join(', ')}`,
  )
  await superuser.rows(`begin; set local session_replication_role = 'replica'; ${shifted.join('; ')}; commit`)
  passed += minutes * 60_000_000
  world.now = now()
}

/** Something ends in the next moments: whether before or after the step's look at the clock, nobody could say. */
const undecided = (): boolean => {
  const soon = (at: number) => at > world.now - 2_000_000 && at < world.now + 20_000_000
  return (
    world.sessions.some(
      (session) => soon(endOf(world, session)) || session.chain.some((t) => soon(t.expires)),
    ) || world.grants.some(({ expires }) => soon(expires))
  )
}

const logIn = async ({ user, kind, grant }: Happening & { what: 'login' }): Promise<void> => {
  const place = grant?.place ?? user.home
  const lifetime = kind === 'mobile' ? '30 days' : '12 hours'
  const id = newId()
  const insert = `insert into meander.sessions (id, user_id, organization_id, kind, device_type, expires_at, support_access_grant_id)
    values ($1, $2, $3, $4, 'phone', clock_timestamp() + $5::interval, $6)
    returning ${micros('created_at')} as created, ${micros('last_activity_at')} as activity, ${micros('expires_at')} as expires`
  const values = [id, user.id, idOf[place], kind, lifetime, grant?.id ?? null]
  if (!mayLogIn(world, user, grant)) {
    await auth.fails('MC410', insert, values)
    return
  }
  const [row] = await auth.rows(insert, values)
  const session: Session = {
    ...{ id, user, place, kind, grant },
    created: moment(row?.created),
    activity: moment(row?.activity),
    expires: moment(row?.expires),
    revoked: null,
    chain: [],
  }
  const longest = session.created + (kind === 'mobile' ? 30 * 24 * hour : 12 * hour)
  const policy = world.policies[place].absoluteLifetime ?? Number.POSITIVE_INFINITY
  const end = Math.min(longest, session.created + policy, grant?.expires ?? Number.POSITIVE_INFINITY)
  expect(Math.abs(session.expires - end), 'a session ends no later than policy and grant say').toBeLessThan(
    10_000,
  )
  world.sessions.push(session)
  if (kind === 'mobile') await issue(session)
}

/** The next pair of tokens of a session, after one that is spent. */
const issue = async (session: Session): Promise<void> => {
  const jti = newId()
  const [row] = await auth.rows(
    `insert into meander.refresh_tokens (id, session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at)
     values (gen_random_uuid(), $1, $2, (select id from meander.refresh_tokens where access_jti = $3), sha256($4::text::bytea),
       $4::text::uuid, meander.access_token_deadline($1))
     returning ${micros('access_expires_at')} as expires`,
    [session.id, idOf[session.place], session.chain.at(-1)?.jti ?? null, jti],
  )
  session.chain.push({ jti, expires: moment(row?.expires), live: true })
}

const refresh = async (session: Session): Promise<void> => {
  const live = session.chain.find((token) => token.live)
  const spend = `update meander.refresh_tokens set rotated_at = clock_timestamp()
    where access_jti = $1 and rotated_at is null and revoked_at is null returning id`
  const jti = [live?.jti ?? session.chain.at(-1)?.jti ?? newId()]
  if (!mayRefresh(world, session)) {
    if (live) await auth.fails('MC410', spend, jti)
    else expect(await auth.rows(spend, jti)).toEqual([])
    return
  }
  expect(await auth.rows(spend, jti)).toHaveLength(1)
  if (live) live.live = false
  const [row] = await auth.rows(
    `update meander.sessions set last_activity_at = clock_timestamp() where id = $1 returning ${micros('last_activity_at')} as activity`,
    [session.id],
  )
  session.activity = moment(row?.activity)
  await issue(session)
}

const happen = async (happening: Happening): Promise<void> => {
  switch (happening.what) {
    case 'login':
      return logIn(happening)
    case 'refresh':
      return refresh(happening.session)
    case 'logout': {
      const { answer } = logOut(world, happening.session)
      const result = await auth.value(`select meander.end_session($1, 'logout')`, [happening.session.id])
      expect(JSON.parse(result ?? '')).toMatchObject(answer as object)
      return
    }
    case 'time':
      return passTime(happening.minutes)
    case 'rehire':
      happening.user.active = true
      await superuser.rows(`begin; set local session_replication_role = 'replica';
        update meander.users set status = 'active', deactivated_at = null where id = '${happening.user.id}'; commit`)
      return
    case 'Redis is emptied and rebuilt': {
      await redis.cli('flushall')
      expect((await ask('admin', ['blocklist', 'rebuild'])).code).toBe(0)
      for (const { chain } of world.sessions)
        for (const { jti, expires } of chain)
          if (world.blocked.has(jti) && expires > world.now) world.told.add(jti)
    }
  }
}

const optionOf = (argv: readonly string[], name: string): string | undefined =>
  argv.includes(name) ? argv[argv.indexOf(name) + 1] : undefined

// --- A command, and whether everything is as the model says ------------------------------------------------------

const act = async ({ login, argv, expect: foretell, project, looks }: Command): Promise<void> => {
  const reach = reachOf(world, login)
  const outcome: Outcome = foretell(world)
  const ran = await ask(login, argv)
  expect(ran.code, ran.stderr).toBe(outcome.code)
  if (outcome.error) expect(ran.error().code).toBe(outcome.error)
  if (outcome.answer && project) expect(project(answerOf(ran))).toEqual(outcome.answer)
  if (argv[1] === 'create' && ran.code === 0 && !argv.includes('--dry-run')) {
    await learnGrant(login, answerOf(ran).items[0].id, argv)
  }
  const staff = ['gro', 'siv'].includes(login)
  await holdRecord(staff ? { login, reach, looks, reason: optionOf(argv, '--reason') } : null)
}

/** A grant's id and end are the database's: the model takes them over. */
const learnGrant = async (login: string, id: string, argv: readonly string[]): Promise<void> => {
  const [row] = await superuser.rows<Record<'slug' | 'grantee' | 'expires', string>>(
    `select slug, grantee_user_id as grantee, ${micros('expires_at')} as expires
     from meander.support_access_grants g join meander.organizations o on o.id = g.organization_id where g.id = $1`,
    [id],
  )
  const grantee = world.users.find((user) => user.id === row?.grantee) as User
  const place = row?.slug as Place
  const expires = moment(row?.expires)
  const length = Number.parseInt(optionOf(argv, '--for') ?? '', 10) * hour
  expect(Math.abs(expires - world.now - length)).toBeLessThan(20_000_000)
  world.grants.push({ id, place, grantee, expires, revoked: null })
  world.record.push({
    ...{
      place,
      actor: login,
      actorUser: (world.logins[login] as User).id,
      action: 'grant.created',
      target: id,
    },
    reason: optionOf(argv, '--reason') ?? '',
    details: { granteeUserId: grantee.id },
  })
}

let recorded = 0

/** What came onto the three records since the last look. */
const newEvents = async () => {
  const { hlf, nhf, platform } = world.written
  const rows = await superuser.rows<Record<string, string>>(
    `select o.slug as place, l.seq, l.actor, l.actor_user_id as user, l.action, l.target_id as target, l.reason, l.details
     from meander.audit_log l join meander.organizations o on o.id = l.organization_id
     where (o.slug = 'hlf' and l.seq > $1) or (o.slug = 'nhf' and l.seq > $2) or (o.slug = 'platform' and l.seq > $3)
     order by l.seq`,
    [hlf.length, nhf.length, platform.length],
  )
  for (const { place, seq, action = '', target = '' } of rows)
    world.written[place as Place].push({ seq: Number(seq), action, targetId: target })
  return rows
}

/** What is new on every record is what the model wrote; and staff said beforehand what they would look at. */
const holdRecord = async (
  staff: { login: string; reach: readonly Place[]; looks: boolean; reason: string | undefined } | null,
): Promise<void> => {
  const rows = await newEvents()
  const events = rows.filter(({ action }) => action !== 'intent.recorded')
  const real = events.map(({ place, actor, user = null, action, target, reason, details }) => {
    const { expiresAt: _, deactivatedAt: __, ...told } = JSON.parse(details ?? '{}')
    return { place, actor, actorUser: user, action, target, reason, details: told }
  })
  expect(real.sort(byText)).toEqual(world.record.slice(recorded).sort(byText))
  recorded = world.record.length

  const intents = rows.filter(({ action }) => action === 'intent.recorded')
  for (const { place, actor, reason } of intents) {
    expect(staff?.reach).toContain(place)
    expect({ actor, reason }).toEqual({
      actor: staff?.login,
      reason: staff?.reason ?? expect.stringMatching(/^meanderctl /),
    })
  }
  for (const place of staff?.looks ? staff.reach : [])
    expect(rows.find((row) => row.place === place)?.action, `${place} was told first`).toBe('intent.recorded')
}

type Told = { readonly [key in 'place' | 'action' | 'target']?: string | undefined } & {
  readonly details: Event['details']
}
const byText = (a: Told, b: Told): number => {
  const text = ({ place, action, target, details }: Told) => [place, action, target, details.refused].join()
  return text(a) < text(b) ? -1 : 1
}

/** Redis blocks what it was told of for as long as it lives, and nothing that was not blocked. */
const holdRedis = async (): Promise<void> => {
  const prefix = 'meander:blocklist:jti:'
  const there = new Set((await keys.keys(`${prefix}*`)).map((key) => key.slice(prefix.length)))
  const alive = new Set(
    world.sessions.flatMap(({ chain }) =>
      chain.filter(({ expires }) => expires > world.now).map(({ jti }) => jti),
    ),
  )
  const lost = [...world.told].filter((jti) => alive.has(jti) && !there.has(jti))
  expect({ lost, unasked: [...there].filter((jti) => !world.blocked.has(jti)) }).toEqual({
    lost: [],
    unasked: [],
  })
  // Whoever was quicker than they had to be has told it all the same.
  for (const jti of there) world.told.add(jti)
}

/** Every session, chain, user, grant and blocked token as the tables have them now, and how long Redis will know. */
const holdWholeState = async (): Promise<void> => {
  const [row] = await superuser.rows<{ state: string }>(`select jsonb_build_object(
    'users', (select jsonb_object_agg(id, status = 'active') from meander.users where id = any ('{${users.map(({ id }) => id)}}')),
    'grants', (select coalesce(jsonb_object_agg(id, revoked_at is not null), '{}') from meander.support_access_grants),
    'blocked', (select coalesce(jsonb_agg(jti order by jti), '[]') from meander.token_blocklist),
    'sessions', (select coalesce(jsonb_object_agg(s.id, jsonb_build_array(s.revoked_by, s.revoke_reason, (
      select coalesce(jsonb_agg(t.access_jti), '[]') from meander.refresh_tokens t
      where t.session_id = s.id and t.rotated_at is null and t.revoked_at is null))), '{}') from meander.sessions s)) as state`)
  expect(JSON.parse(row?.state ?? '')).toEqual({
    users: Object.fromEntries(users.map(({ id, active }) => [id, active])),
    grants: Object.fromEntries(world.grants.map(({ id, revoked }) => [id, revoked !== null])),
    blocked: [...world.blocked].sort(),
    sessions: Object.fromEntries(
      world.sessions.map(({ id, revoked, chain }) => [
        id,
        [
          revoked?.by ?? null,
          revoked?.reason ?? null,
          chain.filter(({ live }) => live).map(({ jti }) => jti),
        ],
      ]),
    ),
  })
  const alive = world.sessions
    .flatMap(({ chain }) => chain)
    .filter(({ jti, expires }) => world.told.has(jti) && expires > world.now)
  for (const { jti, expires } of alive)
    expect(await keys.pttl(`meander:blocklist:jti:${jti}`)).toBeGreaterThanOrEqual((expires - now()) / 1000)
  expect((await ask('admin', ['audit', 'verify'])).code).toBe(0)
  expect(await everythingOf(server, database, 'empty')).toBe(bystanders)
}

/** A step as one reads it: sessions and grants by their number, in the order in which they began. */
const told = (step: Step): string => {
  const names = new Map([
    ...world.sessions.map(({ id }, at) => [id, `session ${at}`] as const),
    ...world.grants.map(({ id }, at) => [id, `grant ${at}`] as const),
  ])
  if ('command' in step)
    return `${step.command.login}: ${step.command.argv.map((word) => names.get(word) ?? word).join(' ')}`
  const { what, ...rest } = step.happening
  const parts = Object.values(rest).map((value) =>
    value !== null && typeof value === 'object' ? (value.email ?? names.get(value.id)) : value,
  )
  return `* ${[what, ...parts].join(' ')}`
}

const walk = async (random: Random, sequence: string[]): Promise<void> => {
  for (let step = 1; step <= steps; step += 1) {
    world.now = now()
    while (undecided()) await passTime(1)
    const next = nextStep(world, random)
    sequence.push(told(next))
    if ('command' in next) await act(next.command)
    else {
      await happen(next.happening)
      await holdRecord(null)
    }
    await holdRedis()
    if (step % wholeStateEvery === 0 || step === steps) await holdWholeState()
  }
}

it(`keeps every promise in ${steps} steps of several operators, platform and time (seed ${seed})`, async () => {
  const sequence: string[] = []
  try {
    await walk(seeded(seed), sequence)
  } catch (error) {
    const { message, actual, expected } = error as Error & { actual?: unknown; expected?: unknown }
    const both = [`it is:        ${JSON.stringify(actual)}`, `the model has: ${JSON.stringify(expected)}`]
    throw new Error(
      [`Step ${sequence.length}, MEANDERCTL_MODEL_SEED=${seed}: ${message}`, ...both, ...sequence].join('\n'),
      { cause: error },
    )
  }
}, 3_600_000)
