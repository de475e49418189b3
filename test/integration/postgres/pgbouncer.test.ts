import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins } from '../../support/as-login.ts'
import { everythingOf } from '../../support/bystanders.ts'
import { peopledDatabase, seedSessions } from '../../support/people.ts'
import { type Pgbouncer, type PgbouncerOptions, startPgbouncer } from '../../support/pgbouncer.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const opened: Pgbouncer[] = []
let database: string
let session: string
let bystanders: string

beforeAll(async () => {
  database = await peopledDatabase(server)
  const [one] = await seedSessions(server, database, [
    { person: 'ola' },
    { person: 'per', organization: 'nhf' },
  ])
  session = one?.id ?? ''
  bystanders = await everythingOf(server, database, 'nhf')
})
afterAll(async () => {
  for (const one of opened) await one.close()
  expect(await everythingOf(server, database, 'nhf')).toBe(bystanders)
  await closeLogins()
})

const behind = async (options: PgbouncerOptions) => {
  const pgbouncer = await startPgbouncer(server, options)
  opened.push(pgbouncer)
  const way = postgresAt({ ...server, host: pgbouncer.host, port: pgbouncer.port })
  return (argv: readonly string[], env = {}) => run(way, database, 'kari', argv, { redis, env })
}
const revoke = ['sessions', 'revoke', '--yes', '--reason', 'lost phone', '-o', 'json']
const stateOf = async () => {
  const look = await run(server, database, 'kari', ['sessions', 'show', session, '-o', 'json'], { redis })
  return look.json<{ item: { state: string; revokedBy: string | null } }>().item
}

describe('pgbouncer that gives each client a session of its own', () => {
  const secretOf = async (login: string) => {
    const superuser = await asLogin(server, database, 'postgres')
    return (await superuser.value('select rolpassword from pg_authid where rolname = $1', [login])) ?? ''
  }

  it.each([
    ['asks the server for the secrets', async () => ({})],
    ['has them in a file', async () => ({ secrets: { kari: await secretOf('kari') } })],
  ])('and %s lets every login in as itself: nothing is different', async (_, more) => {
    const tool = await behind({ mode: 'session', ...(await more()) })
    expect((await tool(['whoami', '-o', 'json'])).stdout).toContain('"login":"kari"')
    expect((await tool(['sessions', 'list', '-o', 'id'])).code).toBe(0)
    expect((await tool([...revoke, session])).code).toBe(0)
    expect(await stateOf()).toMatchObject({ state: 'revoked', revokedBy: 'kari' })
    const doctor = await tool(['doctor', '-o', 'json'])
    expect(doctor.json<{ items: object[] }>().items).toContainEqual(
      expect.objectContaining({ name: 'pooler', state: 'ok' }),
    )
    expect(
      (
        await tool(['whoami'], {
          DATABASE_URL: undefined,
          PGHOST: '127.0.0.1',
          PGPORT: String(opened.at(-1)?.port),
          PGUSER: 'kari',
          PGPASSWORD: 'wrong',
          PGDATABASE: database,
        })
      ).code,
    ).toBe(4)
  })

  it('but one session for each login only is refused: a second look needs a second one', async () => {
    const tool = await behind({ mode: 'session', poolSize: 1 })
    const ran = await tool([...revoke, session], { PGCONNECT_TIMEOUT: '2' })
    expect(ran.code).toBe(1)
    expect(ran.error()).toMatchObject({
      message: expect.stringContaining('gives no second session'),
      hint: expect.stringContaining('default_pool_size'),
    })
  })
})

describe('pgbouncer that mixes clients', () => {
  it.each([
    ['transaction by transaction', { mode: 'transaction' }, /shares sessions among its clients/],
    ['statement by statement', { mode: 'statement' }, /shares sessions among its clients/],
    ['under one login', { mode: 'session', login: 'postgres' }, /logged in postgres instead of kari/],
    [
      'under one login, by transactions',
      { mode: 'transaction', login: 'postgres' },
      /logged in postgres instead of kari/,
    ],
  ] as const)('%s is refused, and nothing is done', async (_, options, why) => {
    const [one] = await seedSessions(server, database, [{ person: 'mari' }])
    const tool = await behind(options)
    const ran = await tool([...revoke, one?.id ?? ''])
    expect(ran.code).toBe(1)
    expect(ran.error()).toMatchObject({
      message: expect.stringMatching(why),
      hint: expect.stringMatching(/Connect to PostgreSQL itself/),
    })
    const [row] = await server.query(
      'select revoked_at from meander.sessions where id = $1',
      [one?.id],
      database,
    )
    expect(row).toEqual({ revoked_at: null })
  })
})
