import { existsSync } from 'node:fs'
import { expect } from 'vitest'
import { asLogin } from './as-login.ts'
import { lostTokens } from './both-stores.ts'
import { organizations, people, seedGrant, seedSessions } from './people.ts'
import type { PostgresServer } from './postgres.ts'
import type { PrivateRedis } from './redis.ts'
import { seedCrowd } from './users.ts'

/** A changing command on something that nobody else touches. */
export interface Mutation {
  readonly by: 'kari' | 'admin' | 'postgres'
  readonly argv: readonly string[]
  /** How many things it changes: all at once, unless it goes in `steps`. */
  readonly parts: number
  readonly steps?: boolean
  /** How many of them the stores have; each that is there is whole, and on the record once. */
  done(): Promise<number>
  /** Redis is told by it: what it ended is blocked there too. */
  readonly redis?: boolean
  /** Its last part is a note that everything is done: who loses the connection before it has done the rest. */
  readonly noted?: boolean
  /** It only copies to Redis: there is no commit of its own to be told of, and a repeat is the same. */
  readonly copies?: boolean
  /** Whether it takes a request id; `needed` where a second run is a second act. */
  readonly requestId?: 'taken' | 'needed'
  /** How the same command ends, without a request id, once everything is done. */
  readonly again?: number
  /** Another database than everybody else's. */
  readonly database?: string
  /** How the same thing is asked for anew, where the words differ. */
  readonly argvAgain?: readonly string[]
}

export interface MutationWorld {
  readonly server: PostgresServer
  readonly database: string
  readonly redis: PrivateRedis
  /** A path of its own for a file. */
  path(name: string): string
  /** Runs the tool undisturbed: for what has to be there before. */
  calmly(by: Mutation['by'], ...argv: string[]): Promise<{ readonly code: number | null }>
}

const act = (reason: string) => ['--reason', reason, '--yes', '-o', 'json']
const hlf = organizations.hlf

/** Every changing command, by its name: each call makes another one of its forms, `name` and `n` being nobody else's. */
export const mutations: Record<
  string,
  readonly ((world: MutationWorld, name: string, n: number) => Promise<Mutation>)[]
> = {
  'sessions revoke': [
    async (world, name) => {
      const ids = await someSessions(world, 3)
      const argv = ['sessions', 'revoke', ...ids, ...act(name)]
      return { ...sessions(world, ids), by: 'kari', argv, requestId: 'taken' }
    },
    async (world, name) => {
      const crowd = await seedCrowd(world.server, world.database, name, 1, { sessions: 3 })
      const argv = ['sessions', 'revoke', '--user', crowd.emails[0] ?? '', ...act(name)]
      return { ...sessions(world, await sessionsOf(world, name)), by: 'kari', argv, requestId: 'taken' }
    },
    async (world, name) => {
      const ids = await someSessions(world, 3)
      const argv = (file: string) => ['sessions', 'revoke', ...ids, '--reason', name, '--plan', file]
      return plan(world, name, argv)
    },
  ],
  'sessions sweep': (['kari', 'admin'] as const).map((by) => async (world: MutationWorld, name: string) => {
    const seeds = Array.from({ length: 3 }, () => ({ person: 'mari', expiresIn: '-1 hour' }) as const)
    const ids = (await seedSessions(world.server, world.database, seeds)).map(({ id }) => id)
    const argv = ['sessions', 'sweep', '--batch-size', '2', ...act(name)]
    return { ...sessions(world, ids), by, argv, steps: true, requestId: 'taken' as const }
  }),
  'sessions policy set': [
    // Each shorter than the last: what is as old as that ends by it.
    async (world, name, n) => {
      const days = 3000 - n
      const seeds = Array.from(
        { length: 2 },
        () => ({ person: 'ola', createdAgo: `${days} days 12 hours` }) as const,
      )
      const ids = (await seedSessions(world.server, world.database, seeds)).map(({ id }) => id)
      const ended = sessions(world, ids)
      return {
        ...ended,
        by: 'kari',
        argv: ['sessions', 'policy', 'set', '--absolute-lifetime', `${days}d`, ...act(name)],
        steps: true,
        parts: 1 + ids.length,
        requestId: 'taken',
        done: async () => {
          const [row] = await world.server.query<{ set: number; events: number }>(
            `select (select count(*)::int from meander.organization_settings
                 where organization_id = $1 and absolute_lifetime = $2::interval) as set,
               (select count(*)::int from meander.audit_log where action = 'policy.changed' and reason = $3) as events`,
            [hlf, `${days} days`, name],
            world.database,
          )
          expect(row?.events).toBe(row?.set)
          return (row?.set ?? 0) + (await ended.done())
        },
      }
    },
  ],
  'users sign-out': [(world, name) => users(world, name, 'sign-out')],
  'users offboard': [
    (world, name) => users(world, name, 'offboard'),
    async (world, name) => {
      const { emails } = await seedCrowd(world.server, world.database, name, 2)
      return plan(world, name, (file) => ['users', 'offboard', ...emails, '--reason', name, '--plan', file])
    },
  ],
  'users reinstate': [(world, name) => users(world, name, 'reinstate')],
  'grants create': [
    async (world, name) => ({
      by: 'kari',
      argv: ['grants', 'create', '--to', 'gro@meander.example', '--for', '1h', ...act(name)],
      parts: 1,
      requestId: 'needed',
      done: () => recorded(world, 'meander.support_access_grants where reason = $1', 'grant.created', name),
    }),
  ],
  'grants revoke': [
    async (world, name) => {
      const { server, database } = world
      const grant = await seedGrant(server, database, 'siv', 'hlf')
      const seeds = [{ person: 'siv', organization: 'hlf', grant, expiresIn: '30 minutes' }] as const
      const under = sessions(
        world,
        (await seedSessions(server, database, seeds)).map(({ id }) => id),
      )
      return {
        by: 'kari',
        argv: ['grants', 'revoke', grant, ...act(name)],
        parts: 1,
        redis: true,
        requestId: 'taken',
        done: async () => {
          const ended = 'meander.support_access_grants where revoked_at is not null and revoke_reason = $1'
          const done = await recorded(world, ended, 'grant.revoked', name)
          expect(await under.done()).toBe(done)
          return done
        },
      }
    },
  ],
  apply: [
    async (world, name) => {
      const ids = await someSessions(world, 3)
      const file = world.path(`${name}.plan`)
      await world.calmly('kari', 'sessions', 'revoke', ...ids, '--reason', name, '--plan', file)
      return { ...applied(world, name, sessions(world, ids)), argv: ['apply', file, '--yes', '-o', 'json'] }
    },
    async (world, name) => {
      const file = world.path(`${name}.plan`)
      const offboarding = await users(world, name, 'offboard')
      await world.calmly('kari', 'users', 'offboard', ...named(name), '--reason', name, '--plan', file)
      return { ...applied(world, name, offboarding), argv: ['apply', file, '--yes', '-o', 'json'] }
    },
  ],
  'audit checkpoint': [
    async (world, name) => ({
      by: 'kari',
      argv: ['audit', 'checkpoint', '--reason', name],
      parts: 1,
      done: async () => Math.min(1, await count(world, 'meander.audit_log where reason = $1', name)),
    }),
  ],
  'blocklist sync': [(world, name) => publishing(world, name, 'sync')],
  'blocklist rebuild': [(world, name) => publishing(world, name, 'rebuild')],
  'operators add': [(world, name) => operator(world, name, 'add')],
  'operators enable': [(world, name) => operator(world, name, 'enable')],
  'operators disable': [(world, name) => operator(world, name, 'disable')],
  'operators remove': [(world, name) => operator(world, name, 'remove')],
  'db migrate': [
    async ({ server }, name) => {
      const database = await server.createDatabase(name)
      return {
        by: 'postgres',
        argv: ['db', 'migrate', '-o', 'json'],
        parts: 1,
        database,
        done: async () => {
          const [row] = await server.query<{ there: boolean }>(
            "select to_regnamespace('meander') is not null as there",
            [],
            database,
          )
          if (!row?.there) return 0
          return (await server.query('select meander.schema_version() as version', [], database)).length
        },
      }
    },
  ],
}

const count = async (
  { server, database }: MutationWorld,
  from: string,
  ...values: readonly unknown[]
): Promise<number> =>
  (await server.query<{ n: number }>(`select count(*)::int as n from ${from}`, values, database))[0]?.n ?? 0

/** How often it is there, which is as often as it is on the record: once at most. */
const recorded = async (
  world: MutationWorld,
  from: string,
  action: string,
  name: string,
): Promise<number> => {
  const done = await count(world, from, name)
  expect(await count(world, 'meander.audit_log where action = $2 and reason = $1', name, action)).toBe(done)
  expect(done).toBeLessThanOrEqual(1)
  return done
}

const someSessions = async ({ server, database }: MutationWorld, many: number): Promise<string[]> => {
  const seeds = Array.from({ length: many }, () => ({ person: 'mari', chain: 2 }) as const)
  return (await seedSessions(server, database, seeds)).map(({ id }) => id)
}
const sessionsOf = async ({ server, database }: MutationWorld, name: string): Promise<string[]> =>
  (
    await server.query<{ id: string }>(
      'select s.id from meander.sessions s join meander.users u on u.id = s.user_id where u.email ^@ $1',
      [`${name}-`],
      database,
    )
  ).map(({ id }) => id)

/** What of these sessions has ended: whole, and once. */
const sessions = ({ server, database }: MutationWorld, ids: readonly string[]) => ({
  parts: ids.length,
  redis: true,
  done: async (): Promise<number> => {
    const rows = await server.query<{ ended: boolean; live: number; open: number; events: number }>(
      `select s.revoked_at is not null as ended,
         (select count(*)::int from meander.refresh_tokens t
          where t.session_id = s.id and t.rotated_at is null and t.revoked_at is null) as live,
         (select count(*)::int from meander.refresh_tokens t where t.session_id = s.id and t.access_expires_at > now()
            and not exists (select from meander.token_blocklist b where b.jti = t.access_jti)) as open,
         (select count(*)::int from meander.audit_log a where a.target_id = s.id::text) as events
       from meander.sessions s where s.id = any ($1)`,
      [ids],
      database,
    )
    for (const { ended, live, open, events } of rows) {
      if (ended) expect({ live, open, events }).toEqual({ live: 0, open: 0, events: 1 })
      else expect({ live, events }).toEqual({ live: 1, events: 0 })
    }
    return rows.filter(({ ended }) => ended).length
  },
})

const crowd = 3
const named = (name: string) => Array.from({ length: crowd }, (_, n) => `${name}-${n + 1}@hlf.example`)
const eventOf = { 'sign-out': 'user.signed_out', offboard: 'user.offboarded', reinstate: 'user.reinstated' }

/** An act on three users, each in a transaction of its own. */
const users = async (
  { server, database }: MutationWorld,
  name: string,
  verb: keyof typeof eventOf,
): Promise<Mutation> => {
  const { emails } = await seedCrowd(server, database, name, crowd, {
    sessions: verb === 'reinstate' ? 0 : 2,
  })
  if (verb === 'reinstate') {
    await server.query(
      `set session_replication_role = replica;
       update meander.users set status = 'deactivated', deactivated_at = now() where email ^@ '${name}-'`,
      [],
      database,
    )
  }
  return {
    by: 'kari',
    argv: ['users', verb, ...emails, '--batch-size', '1', ...act(name)],
    parts: crowd,
    steps: true,
    redis: verb !== 'reinstate',
    requestId: 'taken',
    done: async () => {
      const rows = await server.query<
        Record<'sessions' | 'live' | 'open' | 'events', number> & { gone: boolean }
      >(
        `select u.status = 'deactivated' as gone,
           (select count(*)::int from meander.sessions s where s.user_id = u.id and s.revoked_at is null) as sessions,
           (select count(*)::int from meander.sessions s join meander.refresh_tokens t on t.session_id = s.id
            where s.user_id = u.id and t.rotated_at is null and t.revoked_at is null) as live,
           (select count(*)::int from meander.sessions s join meander.refresh_tokens t on t.session_id = s.id
            where s.user_id = u.id and t.access_expires_at > now()
              and not exists (select from meander.token_blocklist b where b.jti = t.access_jti)) as open,
           (select count(*)::int from meander.audit_log a where a.target_id = u.id::text and a.action = $2) as events
         from meander.users u where u.email ^@ $1`,
        [`${name}-`, eventOf[verb]],
        database,
      )
      const isDone = ({ gone, sessions: left }: (typeof rows)[number]) =>
        verb === 'offboard' ? gone : verb === 'reinstate' ? !gone : left === 0
      for (const row of rows) {
        const { sessions: left, live, open, events } = row
        if (isDone(row))
          expect({ left, live, open, events }).toEqual({ left: 0, live: 0, open: 0, events: 1 })
        else expect(events).toBe(0)
      }
      return rows.filter(isDone).length
    },
  }
}

/** A plan that is registered and written, or neither seen nor usable. */
const plan = (world: MutationWorld, name: string, argv: (file: string) => string[]): Mutation => {
  const file = world.path(`${name}.plan`)
  return {
    by: 'kari',
    argv: argv(file),
    argvAgain: argv(world.path(`${name}-again.plan`)),
    parts: 1,
    done: async () => {
      const there = Math.min(1, await count(world, 'meander.plans where reason = $1', name))
      if (existsSync(file)) expect(there).toBe(1)
      expect(await count(world, 'meander.sessions where revoke_reason = $1', name)).toBe(0)
      return there
    },
  }
}

/** What a plan did, and that it is finished: then it is refused. */
const applied = (
  world: MutationWorld,
  name: string,
  { parts, done }: Pick<Mutation, 'parts' | 'done'>,
): Omit<Mutation, 'argv'> => ({
  by: 'kari',
  parts: parts + 1,
  steps: true,
  redis: true,
  noted: true,
  again: 5,
  done: async () =>
    (await done()) +
    (await count(world, 'meander.plans where reason = $1 and finished_at is not null', name)),
})

/** Tokens that were blocked by somebody who told Redis nothing. */
const publishing = async (
  world: MutationWorld,
  name: string,
  verb: 'sync' | 'rebuild',
): Promise<Mutation> => {
  const { server, database, redis } = world
  const ids = await someSessions(world, 3)
  const kari = await asLogin(server, database, 'kari')
  await kari.rows('select meander.revoke_sessions($1, $2, null, null)', [ids, name])
  await kari.close()
  return {
    by: 'admin',
    argv: ['blocklist', verb, '-o', 'json'],
    parts: 1,
    steps: true,
    copies: true,
    done: async () => {
      if (
        await count(
          world,
          'meander.token_blocklist where session_id = any ($1) and published_at is null',
          ids,
        )
      )
        return 0
      expect((await lostTokens(server, database, [redis])).lost).toEqual([])
      return 1
    },
  }
}

const operator = async (
  world: MutationWorld,
  name: string,
  verb: 'add' | 'enable' | 'disable' | 'remove',
): Promise<Mutation> => {
  const { server, database } = world
  await server.query(`create role ${name} login`)
  const owner = (text: string) => server.query(text, [], database)
  if (verb !== 'add') await owner(`select meander.add_operator('${name}', '${people.kari.id}', null)`)
  if (verb === 'enable') await owner(`select meander.disable_operator('${name}', 'before', null)`)
  const after = {
    add: 'disabled_at is null',
    enable: 'disabled_at is null',
    disable: 'disabled_at is not null',
    remove: null,
  }[verb]
  const event = { add: 'added', enable: 'enabled', disable: 'disabled', remove: 'removed' }[verb]
  const purposeful = verb === 'disable' || verb === 'remove'
  return {
    by: 'admin',
    argv: [
      'operators',
      verb,
      name,
      ...(verb === 'add' ? ['--user', 'kari@hlf.example'] : []),
      ...(purposeful ? act(name) : ['-o', 'json']),
    ],
    parts: 1,
    ...(purposeful && { requestId: 'taken' as const }),
    ...(verb === 'remove' && { again: 3 }),
    done: async () => {
      const done =
        after === null
          ? 1 - (await count(world, 'meander.operators where login = $1', name))
          : await count(world, `meander.operators where login = $1 and ${after}`, name)
      const events = `meander.audit_log where target_id = $1 and action = 'operator.${event}' and reason is distinct from 'before'`
      expect(await count(world, events, name)).toBe(done)
      return done
    },
  }
}
