import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asLogin, closeLogins, type Login } from '../../support/as-login.ts'
import { createTemplate, organizations, peopledDatabase } from '../../support/people.ts'
import { type PrivatePostgres, startPostgres } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'
import { ownFolder } from '../../support/users.ts'

/** No false alarm: neither while others write, nor with whatever settings a login has. */

const folder = ownFolder()
let server: PrivatePostgres
let database: string

beforeAll(async () => {
  server = await startPostgres()
  await createTemplate(server)
  database = await peopledDatabase(server)
})
afterAll(async () => {
  await closeLogins()
  await server.stop()
  folder.remove()
})

const as = (login: string, ...argv: string[]) => run(server, database, login, ['audit', ...argv])
/** Whole, by the database and by an export taken at the same time. */
const expectWhole = async (login: string) => {
  const live = await as(login, 'verify', '-o', 'json')
  expect({ code: live.code, stdout: live.stdout }).toMatchObject({ code: 0 })
  const exported = await as(login, 'export')
  expect(exported.code, exported.stderr).toBe(0)
  const path = folder.path(`${randomUUID()}.ndjson`)
  writeFileSync(path, exported.stdout)
  const offline = await as(login, 'verify', '--export', path, '-o', 'json')
  expect({ code: offline.code, stdout: offline.stdout }).toMatchObject({ code: 0 })
  return live.json<{ summary: { events: number } }>().summary.events
}
const revoke = (login: Login, reason: string) =>
  login.rows('select meander.revoke_sessions(array[$1::uuid], $2, null, null)', [randomUUID(), reason])

it('while 50 write, and a tenth of what they write is rolled back', async () => {
  const before = await expectWhole('kari')
  const writers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => asLogin(server, database, n % 5 === 4 ? 'nils' : 'kari')),
  )
  let [writing, committed, looks] = [true, 0, 0]
  const write = async (writer: Login, n: number) => {
    for (let event = 0; event < 20; event++) {
      const undone = (event + n) % 10 === 0
      await writer.rows('begin')
      await revoke(writer, `writer ${n}, ${event}`)
      await writer.rows(undone ? 'rollback' : 'commit')
      if (!undone && writer.login === 'kari') committed += 1
    }
  }
  const look = async () => {
    while (writing) {
      await expectWhole(looks % 2 === 0 ? 'kari' : 'admin')
      looks += 1
    }
  }
  const looking = look()
  await Promise.all(writers.map(write)).finally(() => {
    writing = false
  })
  await looking
  expect(looks).toBeGreaterThan(2)
  expect(await expectWhole('kari')).toBe(before + committed)
  expect(committed).toBe(40 * 18)
})

describe('with the login’s own', () => {
  beforeAll(async () => {
    // What a login could put in front of the real things.
    await server.query(
      `create schema evil; grant usage on schema evil to public;
       create function evil.sha256(bytea) returns bytea language sql as $$ select '\\x00'::bytea $$;
       create function evil.convert_to(text, name) returns bytea language sql as $$ select '\\x00'::bytea $$;
       create function evil.encode(bytea, text) returns text language sql as $$ select 'evil' $$;
       create table evil.audit_log as select * from meander.audit_log where false;
       create table evil.audit_heads as select * from meander.audit_heads where false;
       grant select on all tables in schema evil to public; select 1`,
      [],
      database,
    )
  })

  it.each([
    "timezone = 'Pacific/Kiritimati'",
    "datestyle = 'SQL, DMY'",
    "intervalstyle = 'iso_8601'",
    "client_encoding = 'LATIN1'",
    "client_encoding = 'WIN1252'",
    "bytea_output = 'escape'",
    'standard_conforming_strings = off',
    'extra_float_digits = -15',
    'search_path = evil, meander, pg_catalog',
    'quote_all_identifiers = on',
    "default_transaction_isolation = 'serializable'",
    "default_transaction_isolation = 'repeatable read'",
    'enable_indexscan = off',
  ])('%s', async (setting) => {
    const name = setting.split(' ')[0]
    await server.query(`alter role kari in database ${database} set ${setting}`)
    try {
      const kari = await asLogin(server, database, 'kari')
      if (setting.includes('isolation')) await kari.rows('begin isolation level read committed')
      // The driver sends UTF-8, whatever the session takes it for.
      await revoke(kari, setting.includes('encoding') ? 'plain' : 'trådløs “\\\' 🚆 2.50 {"a": 1}')
      if (setting.includes('isolation')) await kari.rows('commit')
      await kari.close()
      const events = await expectWhole('kari')
      const [head] = await server.query<{ seq: number }>(
        'select seq::integer from meander.audit_heads where organization_id = $1',
        [organizations.hlf],
        database,
      )
      expect(events).toBe(head?.seq)
    } finally {
      await server.query(`alter role kari in database ${database} reset ${name}`)
    }
  })
})

it('an error, and never fine, where a login asks that row level security raise', async () => {
  await server.query(`alter role kari in database ${database} set row_security = off`)
  const { code, stdout } = await as('kari', 'verify', '-o', 'json')
  await server.query(`alter role kari in database ${database} reset row_security`)
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
})

it('with numbers in details that JavaScript would write otherwise', async () => {
  await server.query(
    `select meander.append_audit_events(array(
       select row('${organizations.hlf}', 'test.kept', 'user', 'x', null, null, null, d)::meander.audit_event
       from unnest(array['{"a": 1.00}', '{"a": 1e300}', '{"a": 12345678901234567890.10}', '{"a": -0.0}', '{"a": 1e-9}',
         '{"1": 1, "0": 2, "b": 3, "aa": 4}', '"text"', '[]', 'null']::jsonb[]) as d))`,
    [],
    database,
  )
  await expectWhole('kari')
})
