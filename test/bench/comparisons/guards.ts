import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import { password } from '../../support/as-login.ts'
import { organizations } from '../../support/people.ts'
import type { Comparison } from '../comparison.ts'
import { small } from '../data/stage.ts'
import { ratio, type Subject } from '../measure.ts'

/** Short runs in quick turns: what else the machine does and how the disk is feeling hits both alike. */
const logins = 20
const rows = 500

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

export const guards: Comparison = {
  name: 'guards',
  about: "the Authentication Module's inserts with the guards and without",
  run: async ({ postgres, turns }) => {
    /** A copy of the smaller database as the Authentication Module sees it, under a policy. */
    const furnished = async (prepare: string) => {
      const database = await postgres.cloneDatabase(small)
      await postgres.query(
        `insert into meander.organization_settings (organization_id, idle_timeout, absolute_lifetime)
         values ('${organizations.hlf}', '30 days', '90 days'); ${prepare}`,
        [],
        database,
      )
      const client = new pg.Client({ connectionString: postgres.url('auth', database, password) })
      await client.connect()
      return { database, client }
    }
    const guarded = await furnished('')
    const bare = await furnished(
      `alter table meander.sessions disable trigger sessions_guard_insert;
       alter table meander.refresh_tokens disable trigger refresh_tokens_guard_insert`,
    )
    const ids = (
      await postgres.query<{ id: string }>(
        'select id from meander.users where organization_id = $1 limit 100',
        [organizations.hlf],
        small,
      )
    ).map(({ id }) => id)

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
    const pair = (work: (client: pg.Client) => Promise<void>) =>
      [
        { name: 'without the guards', run: () => work(bare.client) },
        { name: 'with them', run: () => work(guarded.client) },
      ] as const satisfies readonly Subject[]
    const [bareLogins, guardedLogins] = await turns(pair(loggingIn), { rounds: 101, warmUp: 2 })
    const [bareRows, guardedRows] = await turns(pair(inBulk), { rounds: 41, warmUp: 2 })

    /** Both did the same. */
    const counts = async ({ database }: typeof bare) =>
      postgres.query(
        `select (select count(*) from meander.sessions) as sessions, (select count(*) from meander.refresh_tokens) as tokens`,
        [],
        database,
      )
    assert.deepEqual(await counts(guarded), await counts(bare))
    for (const { database, client } of [guarded, bare]) {
      await client.end()
      await postgres.query(`drop database ${database}`)
    }
    return [
      ratio('a login, with the guards : without', guardedLogins, bareLogins, { atMost: 1.15 }),
      ratio(`${rows} sessions in one statement, with the guards : without`, guardedRows, bareRows),
    ]
  },
}
