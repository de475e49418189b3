import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { meanderctl } from '../e2e/meanderctl.ts'
import { password } from '../support/as-login.ts'
import { createTemplate, templateName } from '../support/people.ts'
import { type PrivatePostgres, startPostgres } from '../support/postgres.ts'
import { compare, expectTargets, type Subject } from './ratio.ts'

/** Members to off-board, with ten sessions each: 10,000 unless the environment asks for a quicker look. */
const members = Number(process.env.MEANDERCTL_BENCH_USERS ?? 10_000)
const rounds = Number(process.env.MEANDERCTL_BENCH_ROUNDS ?? 3)
const sessionsEach = 10
const usersAtOnce = 500
const reason = 'left'

let postgres: PrivatePostgres
let ids: string[]
let sessionsOf: Map<string, string[]>
let csv: string

beforeAll(async () => {
  // As an administrator would leave them: every commit waits for the disk.
  const settings = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' }
  postgres = await startPostgres({ settings: { ...settings, shared_buffers: '512MB', max_wal_size: '8GB' } })
  await createTemplate(postgres)
  const sql = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8')
  const seed = sql('offboarding-seed.sql').replaceAll('$users', String(members))
  await postgres.query(seed, [], templateName)
  await postgres.query(sql('offboarding-by-hand.sql'), [], templateName)
  await postgres.query('vacuum analyze', [], templateName)
  const rows = await postgres.query<{ id: string; email: string; sessions: string[] }>(
    `select u.id, u.email, array_agg(s.id) as sessions
     from meander.users u join meander.sessions s on s.user_id = u.id
     where u.email like 'member%@hlf.example' group by u.id order by u.email`,
    [],
    templateName,
  )
  ids = rows.map(({ id }) => id)
  sessionsOf = new Map(rows.map(({ id, sessions }) => [id, sessions]))
  csv = join(postgres.folder, 'members.csv')
  writeFileSync(csv, `email\n${rows.map(({ email }) => email).join('\n')}\n`)
})
afterAll(() => postgres.stop())

const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size))

/** A subject that works as `login` on a new copy of the same database in every round, until these users are out. */
const onCopy = (
  login: string,
  users: readonly string[],
  work: (client: pg.Client, database: string) => Promise<void>,
): Pick<Subject, 'prepare' | 'run' | 'check'> => {
  let database = ''
  let client: pg.Client
  return {
    prepare: async () => {
      database = await postgres.cloneDatabase(templateName)
      await postgres.query('checkpoint')
      client = new pg.Client({ connectionString: postgres.url(login, database, password) })
      await client.connect()
    },
    run: () => work(client, database),
    check: async () => {
      await client.end()
      const left = await postgres.query(
        `select (select count(*) from meander.sessions where user_id = any ($1) and revoked_at is null)::integer as open,
           (select count(*) from meander.token_blocklist)::integer as blocked`,
        [users],
        database,
      )
      expect(left).toEqual([{ open: 0, blocked: users.length * sessionsEach }])
      await postgres.query(`drop database ${database}`)
    },
  }
}

const offboard = async (client: pg.Client, users: readonly string[]): Promise<void> => {
  const { rows } = await client.query(
    `select count(*) filter (where item ->> 'outcome' = 'offboarded')::integer as done
     from jsonb_array_elements(meander.offboard_users(p_users => $1, p_reasons => $2, p_tickets => $3,
       p_request_id => null) -> 'items') as item`,
    [users, users.map(() => reason), users.map(() => null)],
  )
  expect(rows[0].done).toBe(users.length)
}

it('off-boards as fast as SQL written by hand', async () => {
  const tenth = ids.slice(0, Math.ceil(ids.length / 10))
  const hand: Subject = {
    name: `SQL by hand, ${usersAtOnce} users at once`,
    ...onCopy('postgres', ids, async (client) => {
      for (const users of chunks(ids, usersAtOnce)) {
        await client.query('select bench.offboard($1, $2)', [users, reason])
      }
    }),
  }
  const atOnce: Subject = {
    name: `offboard_users, ${usersAtOnce} users at once`,
    target: 1.4,
    ...onCopy('kari', ids, async (client) => {
      for (const users of chunks(ids, usersAtOnce)) await offboard(client, users)
    }),
  }
  const oneByOne: Subject = {
    name: 'offboard_users, one user at once (a tenth of them)',
    share: tenth.length / ids.length,
    ...onCopy('kari', tenth, async (client) => {
      for (const user of tenth) await offboard(client, [user])
    }),
  }
  const bySession: Subject = {
    name: 'revoke_sessions, one session at once (a tenth of them)',
    share: tenth.length / ids.length,
    ...onCopy('kari', tenth, async (client) => {
      for (const user of tenth) {
        for (const session of sessionsOf.get(user) ?? []) {
          await client.query('select meander.revoke_sessions(array[$1::uuid], $2, null, null)', [
            session,
            reason,
          ])
        }
      }
    }),
  }
  const command: Subject = {
    name: 'users offboard --file: check, act, read-back, report',
    ...onCopy('kari', ids, async (_, database) => {
      const env = { DATABASE_URL: postgres.url('kari', database, password) }
      const report = join(postgres.folder, 'report.csv')
      const args = ['users', 'offboard', '--file', csv, '--reason', reason, '--yes', '--report', report]
      const { exitCode, stderr } = await meanderctl(args, { env })
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
    }),
  }

  const measured = await compare(
    `off-boarding ${ids.length} users with ${ids.length * sessionsEach} sessions`,
    [hand, atOnce, oneByOne, bySession, command],
    { rounds, warmUp: 1 },
  )
  expectTargets(measured)
  const [, fast = Number.NaN, slow, slowest] = measured.map(({ median }) => median)
  expect(Number(slow) / fast).toBeGreaterThanOrEqual(1.6)
  expect(Number(slowest) / fast).toBeGreaterThanOrEqual(3)
})
