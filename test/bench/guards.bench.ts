import { randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { password } from '../support/as-login.ts'
import { createTemplate, organizations, templateName } from '../support/people.ts'
import { type PrivatePostgres, startPostgres } from '../support/postgres.ts'
import { compare, expectTargets, type Subject } from './ratio.ts'

const users = 2000
const rounds = Number(process.env.MEANDERCTL_BENCH_ROUNDS ?? 201)
/** Short runs in quick turns: what else the machine does and how the disk is feeling hits both alike. */
const logins = 20
const rows = 500

let postgres: PrivatePostgres
let ids: string[]
let guarded: pg.Client
let bare: pg.Client

/** A database of its own as the Authentication Module sees it, with 100,000 sessions under a policy. */
const furnished = async (prepare: string): Promise<pg.Client> => {
  const database = await postgres.cloneDatabase(templateName)
  await postgres.query(prepare, [], database)
  const client = new pg.Client({ connectionString: postgres.url('auth', database, password) })
  await client.connect()
  return client
}

beforeAll(async () => {
  // As an administrator would leave them: every commit waits for the disk.
  const settings = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' }
  postgres = await startPostgres({ settings: { ...settings, shared_buffers: '512MB', max_wal_size: '8GB' } })
  await createTemplate(postgres)
  await postgres.query(
    `insert into meander.organization_settings (organization_id, idle_timeout, absolute_lifetime)
     values ('${organizations.hlf}', '30 days', '90 days');
     insert into meander.users (organization_id, email, display_name, role)
     select '${organizations.hlf}', 'member' || n || '@hlf.example', 'Member ' || n, 'member' from generate_series(1, ${users}) as n;
     insert into meander.sessions (user_id, organization_id, kind, expires_at)
     select u.id, u.organization_id, 'mobile', now() + interval '60 days'
     from meander.users u, generate_series(1, 50) where u.email like 'member%'`,
    [],
    templateName,
  )
  await postgres.query('vacuum analyze', [], templateName)
  const members = await postgres.query<{ id: string }>(
    "select id from meander.users where email like 'member%' order by email",
    [],
    templateName,
  )
  ids = members.map(({ id }) => id)
  guarded = await furnished('select 1')
  bare = await furnished(
    `alter table meander.sessions disable trigger sessions_guard_insert;
     alter table meander.refresh_tokens disable trigger refresh_tokens_guard_insert`,
  )
})
afterAll(async () => {
  await Promise.all([guarded?.end(), bare?.end()])
  await postgres.stop()
})

const insertSession = {
  name: 'session',
  text: `insert into meander.sessions (id, user_id, organization_id, kind, device_type, device_name, user_agent, ip, expires_at)
    values ($1, $2, $3, 'mobile', 'phone', 'iPhone 15', 'Meander/4.2 (iPhone; iOS 19.1)', '198.51.100.7', now() + interval '60 days')`,
}
const insertToken = {
  name: 'token',
  text: `insert into meander.refresh_tokens (session_id, organization_id, token_hash, access_jti, access_expires_at)
    values ($1, $2, $3, $4, now() + interval '14 minutes')`,
}

/** A login as the Authentication Module makes it: one transaction, a session and its first token. */
const logIn = async (client: pg.Client, user: string): Promise<void> => {
  const session = randomUUID()
  await client.query('begin')
  await client.query({ ...insertSession, values: [session, user, organizations.hlf] })
  await client.query({ ...insertToken, values: [session, organizations.hlf, randomBytes(32), randomUUID()] })
  await client.query('commit')
}

const loggingIn = async (client: pg.Client): Promise<void> => {
  for (let n = 0; n < logins; n++) await logIn(client, ids[n % ids.length] ?? '')
}

/** Many rows in one statement: no round trip and no commit dilutes what the triggers cost. */
const inBulk = async (client: pg.Client): Promise<void> => {
  await client.query('begin')
  await client.query(
    `insert into meander.sessions (user_id, organization_id, kind, expires_at)
     select ($1::uuid[])[1 + n % $2], $3, 'portal', now() + interval '60 days' from generate_series(1, $4::int) as n`,
    [ids, ids.length, organizations.hlf, rows],
  )
  await client.query('rollback')
}
const tokensInBulk = async (client: pg.Client): Promise<void> => {
  await client.query('begin')
  await client.query(
    `insert into meander.refresh_tokens (session_id, organization_id, token_hash, access_jti, access_expires_at)
     select s.id, s.organization_id, sha256(gen_random_uuid()::text::bytea), gen_random_uuid(), now() + interval '14 minutes'
     from (select id, organization_id from meander.sessions limit $1) as s`,
    [rows],
  )
  await client.query('rollback')
}

const pair = (work: (client: pg.Client) => Promise<void>, target?: number): [Subject, Subject] => [
  { name: 'without the guard', run: () => work(bare) },
  { name: 'with it', ...(target === undefined ? {} : { target }), run: () => work(guarded) },
]

it('logs in within 15 % of inserts without guards', async () => {
  const measured = await compare(
    `${logins} logins: a session and its first token each`,
    pair(loggingIn, 1.15),
    {
      rounds,
    },
  )
  await compare(`${rows} sessions in one statement`, pair(inBulk), { rounds: 41 })
  await compare(`${rows} refresh tokens in one statement`, pair(tokensInBulk), { rounds: 41 })
  expect(await counts()).toEqual(await counts(bare))
  expectTargets(measured)
})

/** Both did the same. */
const counts = async (client = guarded): Promise<unknown> =>
  (
    await client.query(
      'select (select count(*) from meander.sessions) as sessions, (select count(*) from meander.refresh_tokens) as tokens',
    )
  ).rows
