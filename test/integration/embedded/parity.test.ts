import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { asLogin, openEmbedded } from '../../../src/embedded/engine.ts'
import { createStore } from '../../../src/embedded/store.ts'
import type { MeanderError } from '../../../src/errors.ts'
import type { Database } from '../../../src/postgres/database.ts'
import { migrate } from '../../../src/postgres/migrate.ts'
import { SessionManagementService } from '../../../src/service/session-management-service.ts'
import { connectAs } from '../../support/as-login.ts'
import { type PostgresServer, postgresAt } from '../../support/postgres.ts'
import { buildProgram, type Program } from './process.ts'

/**
 * The embedded store and a server with the very same rows: whatever is asked, both answer alike.
 */
type Who = 'kari' | 'gro' | 'auth' | 'postgres'
const logins: readonly Who[] = ['kari', 'gro', 'auth', 'postgres']

let program: Program
let store: Database
const embedded = {} as Record<Who, Database>
const server = {} as Record<Who, Database>

/** Every row of the store, on a server. */
const copyTo = async (target: PostgresServer): Promise<string> => {
  const database = await target.createDatabase(`embedded_${process.pid}`)
  const admin = await connectAs(target, database, 'postgres')
  await migrate(admin, { toolVersion: 'test', mode: 'database', defaultMode: 'database', dryRun: false })
  await admin.transaction(async (tx) => {
    await tx.query("set local session_replication_role = 'replica'")
    for (const name of [
      'organizations',
      'organization_settings',
      'users',
      'sessions',
      'refresh_tokens',
      'token_blocklist',
      'audit_heads',
      'audit_log',
      'operators',
    ]) {
      const rows = await embedded.postgres.query<{ row: object }>(
        `select to_jsonb(t) as row from meander.${name} t`,
      )
      await tx.query(`delete from meander.${name}`)
      await tx.query(
        `insert into meander.${name} select * from jsonb_populate_recordset(null::meander.${name}, $1)`,
        [JSON.stringify(rows.map(({ row }) => row))],
      )
    }
    // In two steps: the number of a login there may be that of another one here.
    await tx.query('update meander.operators set login_oid = (4000000000 + login_oid::bigint)::oid')
    await tx.query(
      'update meander.operators set login_oid = (select oid from pg_roles where rolname = login); grant meander_operator to kari, gro',
    )
  })
  await admin.close()
  return database
}

beforeAll(async () => {
  program = await buildProgram()
  const folder = join(program.folder, 'parity')
  await createStore({ folder, toolVersion: 'test' })
  store = await openEmbedded({ folder, login: 'kari' })
  for (const login of logins) embedded[login] = await asLogin(store, login)
  const target = postgresAt(inject('postgres'))
  const database = await copyTo(target)
  for (const login of logins) server[login] = await connectAs(target, database, login)
})
afterAll(async () => {
  await store?.close()
  for (const db of Object.values(server)) await db.close()
  program?.remove()
})

const failure = ({ code, message, hint, details, sqlState }: MeanderError) => ({
  failed: { code, message, hint, details, sqlState },
})
const answer = (db: Database, sql: string, values?: readonly unknown[]): Promise<unknown> =>
  db.query(sql, values).catch(failure)
/** The one answer of both, as the JSON that a reader gets. */
const bothAnswer = async (who: Who, sql: string, values?: readonly unknown[]): Promise<unknown> => {
  const [here, there] = [await answer(embedded[who], sql, values), await answer(server[who], sql, values)]
  expect(JSON.stringify(here)).toBe(JSON.stringify(there))
  expect(here).toEqual(there)
  return here
}

describe('values', () => {
  test.each([
    ["timestamptz '2026-01-31 13:00:00.123456+01'", '2026-01-31T12:00:00.123456Z'],
    ["timestamptz '2026-01-31 12:00:00+00'", '2026-01-31T12:00:00.000000Z'],
    ["timestamptz 'infinity'", 'infinity'],
    ["timestamp '2026-01-31 12:00:00.5'", '2026-01-31 12:00:00.5'],
    ["date '2026-01-31'", '2026-01-31'],
    ["interval '1 day 02:00'", '1 day 02:00:00'],
    ['9007199254740991::int8', 9007199254740991],
    ['9007199254740993::int8', '9007199254740993'],
    ['(-9007199254740993)::int8', '-9007199254740993'],
    ['7::int4', 7],
    ['1.50::numeric', '1.50'],
    ['1.5::float8', 1.5],
    ['true', true],
    ['null::text', null],
    ["'10.1.2.0/24'::inet", '10.1.2.0/24'],
    ["'2001:db8::7'::inet", '2001:db8::7'],
    ["'6F9619FF-8B86-4011-B42D-00CF4FC964FF'::uuid", '6f9619ff-8b86-4011-b42d-00cf4fc964ff'],
    [
      `'{"a": [1, null], "b": "2026-01-31T12:00:00+00:00"}'::jsonb`,
      { a: [1, null], b: '2026-01-31T12:00:00+00:00' },
    ],
    ['\'"text"\'::jsonb', 'text'],
    ["'\\x00ff'::bytea", Buffer.from([0, 255])],
    ["array['a', null, 'b,\"c']", ['a', null, 'b,"c']],
    ["array['6f9619ff-8b86-4011-b42d-00cf4fc964ff']::uuid[]", ['6f9619ff-8b86-4011-b42d-00cf4fc964ff']],
    ['array[1, 9007199254740993]::int8[]', [1, '9007199254740993']],
    ["array[timestamptz '2026-01-31 12:00:00+00']", ['2026-01-31T12:00:00.000000Z']],
    ["'{}'::text[]", []],
  ])('%s', async (expression, value) => {
    expect(await bothAnswer('kari', `select ${expression} as value`)).toEqual([{ value }])
  })

  test.each<[string, unknown]>([
    ['$1::uuid[]', ['6f9619ff-8b86-4011-b42d-00cf4fc964ff']],
    ['$1::text[]', ['a "b"', 'c,d', null, '\\', '']],
    ['$1::jsonb', { a: [1, 'zwei', null], b: { c: true } }],
    ['$1::jsonb', '{"a": 1}'],
    ['$1::int8', '9007199254740993'],
    ['$1::int8', 12],
    ['$1::bytea', Buffer.from('hash')],
    ['$1::bytea', '\\x00ff'],
    ['$1::boolean', false],
    ['$1::timestamptz', '2026-01-31T12:00:00.123456Z'],
    ['$1::timestamptz', new Date('2026-01-31T12:00:00.123Z')],
    ['$1::inet', '203.0.113.7'],
    ['$1::text', null],
    ['$1::text', undefined],
    ['$1::text', 'æøå \u{1f600}'],
  ])('given as %s: %j', async (expression, value) => {
    expect(await bothAnswer('kari', `select ${expression} as value`, [value])).toHaveLength(1)
  })

  test('bytes of COPY', async () => {
    const copy = (db: Database, text: string, values: (string | number | null)[] = []) =>
      db.copyOut(text, values).catch(failure)
    const text = 'copy (select $1::text, $2::bigint, $3::text, now() is null) to stdout (format binary)'
    for (const values of [
      ["a 'b' \\ E'\\' $2 æ\u{1f600}", 7, null],
      ['', null, '\\x00'],
    ]) {
      const here = await copy(embedded.kari, text, values)
      expect(here).toEqual(await copy(server.kari, text, values))
      expect((here as Buffer).includes(Buffer.from(String(values[0])))).toBe(true)
    }
    const chain = `copy (select organization_id, seq, prev_hash, hash, details from
      meander.read_audit_chain('{"organization": "hlf"}', 1, 0, 10000)) to stdout (format binary)`
    const events = await copy(embedded.kari, chain)
    expect(events).toEqual(await copy(server.kari, chain))
    expect((events as Buffer).length).toBeGreaterThan(300)
    for (const who of ['kari', 'gro', 'auth'] as const) {
      const foreign = chain.replace('hlf', 'nhf')
      const here = await copy(embedded[who], foreign)
      expect(here).toEqual(await copy(server[who], foreign))
      expect(here).toMatchObject({ failed: { code: who === 'auth' ? 'REFUSED' : 'NOT_FOUND' } })
    }
    // The connection is as it was.
    expect(await bothAnswer('kari', 'select 7 as seven')).toEqual([{ seven: 7 }])
  })

  test('of several statements the last one counts', async () => {
    expect(await bothAnswer('kari', 'select 1 as one; select 2 as two')).toEqual([{ two: 2 }])
    expect(await bothAnswer('kari', 'select 1 as one; set extra_float_digits to default')).toEqual([])
  })
})

const page = (selector: object) => [selector, 'last-activity', null, null, 10_000] as const
const list = 'select * from meander.list_sessions($1, $2, $3, $4, $5)'
const unknown = '6f9619ff-8b86-4011-b42d-00cf4fc964ff'
const foreign = async (): Promise<string> => {
  const [row] = await embedded.postgres.query<{ id: string }>(
    `select s.id from meander.sessions s join meander.organizations o on o.id = s.organization_id
     where o.slug = 'nhf' and s.revoked_at is null order by s.id limit 1`,
  )
  return row?.id ?? ''
}

describe('the same SQL decides', () => {
  test('kari lists hlf and nothing else', async () => {
    const rows = (await bothAnswer('kari', list, page({ state: 'any' }))) as { organization: string }[]
    expect(rows.length).toBeGreaterThan(250)
    expect(new Set(rows.map(({ organization }) => organization))).toEqual(new Set(['hlf']))
  })

  test.each<[Who, object, number | string]>([
    ['kari', { user: 'ingrid.solberg@hlf.example' }, 2],
    ['kari', { user: 'nobody@hlf.example' }, 'NOT_FOUND'],
    ['kari', { organization: 'nhf' }, 'NOT_FOUND'],
    ['kari', { organization: 'unknown' }, 'NOT_FOUND'],
    ['kari', { ip: '2001:db8::/32', state: 'any', createdBefore: 'P1D' }, 40],
    ['kari', { device: 'IPHONE', idleFor: 'PT1H' }, 20],
    ['kari', { ip: 'nonsense' }, 'USAGE'],
    ['kari', { device: 'x', misspelled: 1 }, 'USAGE'],
    ['gro', {}, 0],
    ['auth', {}, 'REFUSED'],
    ['postgres', {}, 'UNAUTHENTICATED'],
  ])('%s lists %j: %s', async (who, selector, expected) => {
    const result = await bothAnswer(who, list, page(selector))
    if (typeof expected === 'string') expect(result).toMatchObject({ failed: { code: expected } })
    else if (expected < 20) expect(result).toHaveLength(expected)
    else expect((result as unknown[]).length).toBeGreaterThanOrEqual(expected)
  })

  test.each<Who>(['kari', 'gro', 'auth', 'postgres'])('whoami as %s', async (who) => {
    expect(await bothAnswer(who, 'select meander.whoami() as me')).toMatchObject([{ me: { login: who } }])
  })

  test.each(['sessions', 'users', 'refresh_tokens', 'token_blocklist', 'audit_log', 'operators', 'intents'])(
    'kari has nothing to look for in the table %s',
    async (table) => {
      const expected = { failed: { code: 'REFUSED', message: expect.stringContaining(table) } }
      expect(await bothAnswer('kari', `select * from meander.${table}`)).toMatchObject(expected)
      expect(await bothAnswer('kari', `delete from meander.${table}`)).toMatchObject(expected)
    },
  )

  test('unknown and foreign ids look the same, to show and to revoke', async () => {
    const ids = [unknown, await foreign()]
    for (const id of ids) {
      expect(await bothAnswer('kari', 'select meander.get_session($1)', [id])).toMatchObject({
        failed: { code: 'NOT_FOUND' },
      })
    }
    const [{ result }] = (await bothAnswer(
      'kari',
      'select meander.revoke_sessions($1, $2, null, null) as result',
      [ids, 'not mine'],
    )) as [{ result: { items: { outcome: string }[] } }]
    expect(result.items.map(({ outcome }) => outcome)).toEqual(['notFound', 'notFound'])
  })

  test('a revocation ends session, chain and access tokens', async () => {
    const [{ id }] = (await bothAnswer(
      'kari',
      list,
      page({ user: 'ingrid.solberg@hlf.example', kind: 'mobile' }),
    )) as [{ id: string }]
    const revoke = (db: Database, rollback: boolean) =>
      db.transaction(
        (tx) => tx.query('select meander.revoke_sessions($1, $2, null, null) as result', [[id], 'lost']),
        { rollback },
      )
    for (const rollback of [true, false]) {
      const here = await revoke(embedded.kari, rollback)
      expect(here).toEqual(await revoke(server.kari, rollback))
      expect(here).toMatchObject([{ result: { summary: { revoked: 1, refreshTokensRevoked: 1 } } }])
    }
    const ended = `select t.revoked_at is not null as revoked, b.jti is not null as blocked
      from meander.refresh_tokens t left join meander.token_blocklist b on b.jti = t.access_jti
      where t.session_id = $1 order by t.id`
    expect(await bothAnswer('postgres', ended, [id])).toContainEqual({ revoked: true, blocked: true })
    expect(
      await bothAnswer('auth', 'update meander.refresh_tokens set rotated_at = now() where session_id = $1', [
        id,
      ]),
    ).toMatchObject({ failed: { code: 'REFUSED', sqlState: 'MC410' } })
  })
})

describe('transactions', () => {
  const isolation = "select current_setting('transaction_isolation') as level"
  const mark = "insert into meander.schema_files (path, sha256) values ('mark', '')"
  const marks = async (db: Database) =>
    (await db.query("select from meander.schema_files where path = 'mark'")).length

  test.each([
    ['embedded', embedded],
    ['server', server],
  ])('%s: read committed, undone by a failure, a dry run or a refusal', async (_, side) => {
    const db = side.postgres
    await db.query("set default_transaction_isolation = 'serializable'")
    expect(await db.transaction((tx) => tx.query(isolation))).toEqual([{ level: 'read committed' }])
    await expect(
      db.transaction(async (tx) => {
        await tx.query(mark)
        throw new Error('changed my mind')
      }),
    ).rejects.toThrow('changed my mind')
    await db.transaction((tx) => tx.query(mark), { rollback: true })
    await db.transaction((tx) => tx.query(mark), { rollback: () => true })
    expect(await marks(db)).toBe(0)
    await expect(
      db.transaction(async (tx) => {
        await tx.query(mark)
        await tx.query('select 1/0').catch(() => {})
      }),
    ).rejects.toMatchObject({
      code: 'FAILED',
      message: 'A statement had failed, so the transaction was rolled back',
    })
    expect(await marks(db)).toBe(0)
    expect(await db.transaction((tx) => tx.query('select 7 as seven'))).toEqual([{ seven: 7 }])
    await db.query('reset default_transaction_isolation')
  })

  test('nobody else acts inside a transaction', async () => {
    await expect(embedded.kari.transaction(() => embedded.postgres.query('select 1'))).rejects.toThrow(
      'postgres cannot act inside a transaction of kari',
    )
    expect(await embedded.kari.query('select session_user::text as me')).toEqual([{ me: 'kari' }])
  })

  test('says what it is', async () => {
    expect([store.embedded, await store.tls(), await store.cancel()]).toEqual([true, null, undefined])
    expect(store.label).toBe(join(program.folder, 'parity', 'demo'))
  })
})

test.each(['kari', 'gro', 'postgres'] as const)('doctor has nothing to find for %s', async (who) => {
  const database = async () => embedded[who]
  const stores = { database, connect: database, blocklist: async () => null }
  const setup = { settings: [], database: null, redis: null, signingKeyFile: null, files: [] }
  const { doctor } = new SessionManagementService(stores)
  const { items } = await (await doctor()).examine(setup, () => new Date())
  expect(items.filter(({ state }) => state === 'finding')).toEqual([])
  expect(items.find(({ name }) => name === 'row level security')?.state).toBe('ok')
})
