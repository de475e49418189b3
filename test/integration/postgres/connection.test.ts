import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import type { ServerSettings } from '../../../src/config/database-settings.ts'
import { loadSettings } from '../../../src/config/settings.ts'
import { connect } from '../../../src/postgres/connection.ts'
import type { Database } from '../../../src/postgres/database.ts'
import { type PostgresServer, postgresAt } from '../../support/postgres.ts'
import { startProxy } from '../../support/tcp-proxy.ts'

const nowhere = { HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent', XDG_DATA_HOME: '/nonexistent' }
const settingsOf = async (env: Record<string, string>): Promise<ServerSettings> =>
  (await loadSettings({ env: { ...nowhere, ...env } })).database as ServerSettings

let server: PostgresServer
let database: string
const open = new Set<Database>()
const login = `berit_${process.pid}`
const password = 'correct horse: battery/staple@1%'

const connectAs = async (env: Record<string, string>, options?: Parameters<typeof connect>[1]) => {
  const opened = await connect(await settingsOf(env), options)
  open.add(opened)
  return opened
}
const url = (host = server.host, port = server.port) => ({
  DATABASE_URL: `postgresql://${login}:${encodeURIComponent(password)}@${host}:${port}/${database}`,
})
const proxied = async () => startProxy({ host: server.host, port: server.port })

beforeAll(async () => {
  server = postgresAt(inject('postgres'))
  database = await server.createDatabase(`connection_${process.pid}`)
  await server.query(`create role ${login} login password '${password}'`)
  await server.query(
    `create table item (id int primary key, value int not null default 0); insert into item select generate_series(1, 3);
     grant all on item to ${login}`,
    [],
    database,
  )
})
afterEach(async () => {
  for (const one of open) await one.close()
  open.clear()
  await server.query('update item set value = 0', [], database)
})
afterAll(async () => {
  await server.query(`drop database ${database} with (force)`)
  await server.query(`drop role ${login}`)
})

const value = async (id: number) => {
  const [row] = await server.query<{ value: number }>('select value from item where id = $1', [id], database)
  return row?.value
}

describe('values', () => {
  test('come back as the contract of Database says', async () => {
    const db = await connectAs(url())
    const [row] = await db.query(
      `select '2026-01-31 13:00:00.12+01'::timestamptz as micro, timestamptz '2026-01-31 12:00:00+00' as whole,
         'infinity'::timestamptz as never, 9007199254740991::int8 as safe, 9007199254740993::int8 as unsafe,
         '{"a":[1]}'::jsonb as json, null::uuid as nothing, '10.1.2.3'::inet as ip, date '2026-01-31' as day,
         array[1::int8, 2] as numbers, array[timestamptz '2026-01-31 12:00:00+00'] as times, interval '36 hours' as span,
         $1::text as text, $2::uuid[] as ids`,
      ['å', ['00000000-0000-0000-0000-000000000001']],
    )
    expect(row).toEqual({
      micro: '2026-01-31T12:00:00.120000Z',
      whole: '2026-01-31T12:00:00.000000Z',
      never: 'infinity',
      safe: 9007199254740991,
      unsafe: '9007199254740993',
      json: { a: [1] },
      nothing: null,
      ip: '10.1.2.3',
      day: '2026-01-31',
      numbers: [1, 2],
      times: ['2026-01-31T12:00:00.000000Z'],
      span: '36:00:00',
      text: 'å',
      ids: ['00000000-0000-0000-0000-000000000001'],
    })
  })

  test('do not depend on the settings of the database', async () => {
    await server.query(
      `alter database ${database} set timezone = 'Asia/Kathmandu'; alter database ${database} set datestyle = 'German';
       alter database ${database} set default_transaction_isolation = 'serializable'`,
    )
    const db = await connectAs(url())
    expect(
      await db.query(
        `select timestamptz '2026-01-31 12:00:00Z' as at, current_setting('transaction_isolation') as isolation, current_setting('application_name') as name`,
      ),
    ).toEqual([{ at: '2026-01-31T12:00:00.000000Z', isolation: 'read committed', name: 'meanderctl' }])
    await server.query(`alter database ${database} reset all`)
  })
})

describe('logging in', () => {
  test('takes the password from the URL, PGPASSWORD, a prompt; asked once', async () => {
    const parts = { PGHOST: server.host, PGPORT: String(server.port), PGUSER: login, PGDATABASE: database }
    const asked: string[] = []
    const askPassword = async (message: string) => {
      asked.push(message)
      return password
    }
    for (const env of [url(), { ...parts, PGPASSWORD: password }]) {
      const db = await connectAs(env, { askPassword })
      expect(await db.query('select session_user::text as login')).toEqual([{ login }])
    }
    expect(asked).toEqual([])
    const db = await connectAs(parts, { askPassword })
    expect(await db.query('select session_user::text as login')).toEqual([{ login }])
    expect(asked).toEqual([`Password of ${login} at 127.0.0.1:${server.port}/${database}:`])
  })

  test('goes over a socket without TLS', async () => {
    const db = await connectAs({
      PGHOST: server.socket,
      PGPORT: String(server.port),
      PGUSER: login,
      PGDATABASE: database,
      PGPASSWORD: password,
    })
    expect(await db.tls()).toBeNull()
    await db.cancel()
  })

  test.each([
    ['a wrong password', { PGPASSWORD: 'wrong' }, 'UNAUTHENTICATED', /password authentication failed/],
    ['no password and nobody to ask', { PGPASSWORD: '' }, 'UNAUTHENTICATED', /asks for the password of/],
    ['an unknown database', { PGDATABASE: 'nosuch' }, 'FAILED', /database "nosuch" does not exist/],
    ['an unknown login', { PGUSER: 'nosuch' }, 'UNAUTHENTICATED', /refused the login nosuch/],
    [
      'an unknown host',
      { PGHOST: 'nosuch.invalid', PGSSLMODE: 'disable' },
      'FAILED',
      /The host nosuch.invalid is unknown/,
    ],
    ['a closed port', { PGPORT: '1' }, 'FAILED', /Nothing listens at 127.0.0.1:1/],
    ['no such socket', { PGHOST: '/nonexistent' }, 'FAILED', /There is no socket/],
    [
      'a plaintext server asked for TLS',
      { PGSSLMODE: 'verify-full' },
      'FAILED',
      /does not offer TLS, so nothing was sent/,
    ],
  ])('refuses %s', async (_, env, code, message) => {
    const base = { PGHOST: server.host, PGPORT: String(server.port), PGUSER: login, PGDATABASE: database }
    const failure = connectAs({ ...base, PGPASSWORD: password, ...env } as Record<string, string>)
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining(password) })
  })

  test('gives up on a server that accepts and says nothing', async () => {
    const proxy = await proxied()
    proxy.pause()
    const failure = connectAs({ ...url(proxy.host, proxy.port), PGCONNECT_TIMEOUT: '1' })
    await expect(failure).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('did not answer within 1 s'),
    })
    await proxy.close()
  })

  test('tries the hosts in order, and stops at one that refuses the login', async () => {
    const hosts = `127.0.0.1:1,127.0.0.1:${server.port}`
    const db = await connectAs({
      DATABASE_URL: `postgresql://${login}@${hosts}/${database}`,
      PGPASSWORD: password,
    })
    expect(db.label).toBe(`127.0.0.1:${server.port}/${database}`)
    const wrong = connectAs({
      DATABASE_URL: `postgresql://${login}@127.0.0.1:${server.port},127.0.0.1:1/${database}`,
      PGPASSWORD: 'wrong',
    })
    await expect(wrong).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const none = connectAs({
      DATABASE_URL: `postgresql://${login}@127.0.0.1:1,127.0.0.1:2/${database}`,
      PGPASSWORD: password,
    })
    await expect(none).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringMatching(/None of the 2 hosts.*:1\/.*refused; .*:2\/.*refused/),
    })
  })

  test('goes on to the next host when one hangs: while it connects, and after it let somebody in', async () => {
    for (const hangs of ['at once', 'after the login']) {
      const proxy = await proxied()
      if (hangs === 'at once') proxy.pause('to client')
      else {
        proxy.onRequest = (bytes) => (bytes.includes('session_user') ? 'drop' : 'pass')
      }
      const db = await connectAs({
        DATABASE_URL: `postgresql://${login}@127.0.0.1:${proxy.port},127.0.0.1:${server.port}/${database}`,
        PGPASSWORD: password,
        PGCONNECT_TIMEOUT: '1',
      })
      expect(db.label).toBe(`127.0.0.1:${server.port}/${database}`)
      await proxy.close()
    }
  })

  test('looks up a password for each host and port', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'meanderctl-pgpass-')), 'pgpass')
    const escaped = password.replaceAll(/[\\:]/g, '\\$&')
    const line = (port: number, secret: string) => `127.0.0.1:${port}:*:${login}:${secret}\n`
    writeFileSync(file, `${line(1, 'another')}${line(server.port, escaped)}`, { mode: 0o600 })
    const hosts = {
      PGHOST: '127.0.0.1,127.0.0.1',
      PGPORT: `1,${server.port}`,
      PGUSER: login,
      PGDATABASE: database,
    }
    const db = await connectAs({ ...hosts, PGPASSFILE: file })
    expect(db.label).toBe(`127.0.0.1:${server.port}/${database}`)
    rmSync(dirname(file), { recursive: true })
  })

  test('waits for disk and standby, however lightly others commit', async () => {
    const now = async () => {
      const db = await connectAs(url())
      return (await db.query(`select current_setting('synchronous_commit') as now`))[0]?.now
    }
    for (const [usual, ours] of [
      ['off', 'on'],
      ['local', 'on'],
      ['remote_apply', 'remote_apply'],
    ]) {
      await server.query(`alter database ${database} set synchronous_commit = ${usual}`)
      expect(await now()).toBe(ours)
    }
    await server.query(`alter database ${database} reset all`)
  })

  test.each([
    ['primary', true],
    ['read-write', true],
    ['prefer-standby', true],
    ['standby', false],
    ['read-only', false],
  ])('target_session_attrs %s fits a primary: %s', async (wanted, fits) => {
    const connecting = connectAs({ ...url(), PGTARGETSESSIONATTRS: wanted })
    if (fits) await expect(connecting).resolves.toBeDefined()
    else
      await expect(connecting).rejects.toMatchObject({
        code: 'FAILED',
        message: expect.stringMatching(new RegExp(`, not ${wanted}$`)),
      })
  })

  test('PGOPTIONS and the like of the process reach nobody', async () => {
    process.env.PGOPTIONS = '-c search_path=elsewhere'
    process.env.PGAPPNAME = 'kari was here'
    try {
      const db = await connectAs(url())
      const [row] = await db.query(
        `select current_setting('search_path') as path, current_setting('application_name') as name`,
      )
      expect(row).toEqual({ path: '"$user", public', name: 'meanderctl' })
    } finally {
      delete process.env.PGOPTIONS
      delete process.env.PGAPPNAME
    }
  })
})

test('a database in another encoding is refused: what it gives is not what was stored', async () => {
  const latin = `connection_latin_${process.pid}`
  await server.query(
    `create database ${latin} template template0 encoding 'SQL_ASCII' locale_provider libc locale 'C'`,
  )
  await expect(
    connectAs({ DATABASE_URL: url().DATABASE_URL.replace(/[^/]*$/, latin) }),
  ).rejects.toMatchObject({ code: 'FAILED', message: expect.stringContaining('is encoded in SQL_ASCII') })
  await server.query(`drop database ${latin} with (force)`)
})

describe('a transaction', () => {
  test('commits, rolls back when told, and rolls back when the work throws', async () => {
    const db = await connectAs(url())
    const add = (id: number) => (tx: { query: Database['query'] }) =>
      tx.query<{ value: number }>('update item set value = value + 1 where id = $1 returning value', [id])
    expect(await db.transaction(add(1))).toEqual([{ value: 1 }])
    expect(await db.transaction(add(1), { rollback: true })).toEqual([{ value: 2 }])
    expect(
      await db.transaction(add(1), { rollback: (rows: { value: number }[]) => rows[0]?.value === 2 }),
    ).toEqual([{ value: 2 }])
    const thrown = db.transaction(async (tx) => {
      await add(1)(tx)
      throw new Error('thought better of it')
    })
    await expect(thrown).rejects.toThrow('thought better of it')
    expect(await value(1)).toBe(1)
  })

  test('never says done over a COMMIT that rolled back', async () => {
    const db = await connectAs(url())
    const swallowed = db.transaction(async (tx) => {
      await tx.query('update item set value = 9 where id = 1')
      await tx.query('select 1 / 0').catch(() => {})
    })
    await expect(swallowed).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('rolled back'),
    })
    expect(await value(1)).toBe(0)
  })

  test('survives a deadlock', async () => {
    const [one, other] = [await connectAs(url()), await connectAs(url())]
    let runs = 0
    const both = (db: Database, first: number, second: number) =>
      db.transaction(async (tx) => {
        runs++
        await tx.query('update item set value = value + 1 where id = $1', [first])
        await sleep(200)
        await tx.query('update item set value = value + 1 where id = $1', [second])
      })
    await Promise.all([both(one, 1, 2), both(other, 2, 1)])
    expect([await value(1), await value(2)]).toEqual([2, 2])
    expect(runs).toBeGreaterThan(2)
  })

  test('gives up after five conflicts, and says so', async () => {
    const db = await connectAs(url())
    let runs = 0
    const conflict = db.transaction(async (tx) => {
      runs++
      await tx.query(`do $$ begin raise exception 'no' using errcode = '40001'; end $$`)
    })
    await expect(conflict).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('5 times'),
    })
    expect(runs).toBe(5)
  })
})

describe('a COMMIT whose answer is lost', () => {
  const isCommit = (bytes: Buffer) => bytes[0] === 0x51 && bytes.toString('latin1', 5).startsWith('commit')

  test('is done when the server did it', async () => {
    const proxy = await proxied()
    const db = await connectAs(url(proxy.host, proxy.port))
    let committing = false
    proxy.onRequest = (bytes) => {
      committing ||= isCommit(bytes)
      return 'pass'
    }
    proxy.onResponse = () => {
      if (!committing) return 'pass'
      committing = false
      proxy.cut()
      return 'drop'
    }
    const result = await db.transaction((tx) =>
      tx.query('update item set value = 5 where id = 1 returning value'),
    )
    expect(result).toEqual([{ value: 5 }])
    expect(await value(1)).toBe(5)
    expect(await db.query('select 1 as one')).toEqual([{ one: 1 }])
    await proxy.close()
  })

  test('is FAILED when it never arrived, though the old session still waits for it', async () => {
    const proxy = await proxied()
    const db = await connectAs(url(proxy.host, proxy.port))
    let stalled = false
    proxy.onRequest = (bytes) => {
      if (!isCommit(bytes)) return 'pass'
      stalled = true
      return 'drop'
    }
    const done = db.transaction((tx) => tx.query('update item set value = 6 where id = 1'))
    while (!stalled) await sleep(5)
    // The client's half breaks; the server's stays, as after a router that forgot the connection.
    proxy.cutClients()
    await expect(done).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('nothing was changed'),
    })
    expect(await value(1)).toBe(0)
    await proxy.close()
  })

  test('and a ROLLBACK whose answer is lost is a lost connection, with its name', async () => {
    const proxy = await proxied()
    const db = await connectAs(url(proxy.host, proxy.port))
    proxy.onRequest = (bytes) => {
      if (!bytes.toString('latin1', 5).startsWith('rollback')) return 'pass'
      proxy.cut()
      return 'drop'
    }
    const tried = db.transaction((tx) => tx.query('update item set value = 4 where id = 1'), {
      rollback: true,
    })
    await expect(tried).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('was lost'),
    })
    expect(await value(1)).toBe(0)
    await proxy.close()
  })

  test('is UNKNOWN when nobody can be asked any more', async () => {
    const proxy = await proxied()
    const db = await connectAs(url(proxy.host, proxy.port))
    proxy.onRequest = (bytes) => {
      if (!isCommit(bytes)) return 'pass'
      proxy.cut({ refuse: true })
      return 'drop'
    }
    const done = db.transaction((tx) => tx.query('update item set value = 7 where id = 1'))
    await expect(done).rejects.toMatchObject({ code: 'UNKNOWN' })
    await proxy.close()
  })
})

describe('a failure', () => {
  test('of ours has its code, with DETAIL and HINT', async () => {
    const db = await connectAs(url())
    const raise = (detail: string) =>
      db.query(
        `do $$ begin raise 'not within reach' using errcode = 'MC404', hint = 'look again', detail = '${detail}'; end $$`,
      )
    await expect(raise('["a","b"]')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'not within reach',
      hint: 'look again',
      details: ['a', 'b'],
    })
    await expect(raise('plain')).rejects.toMatchObject({ code: 'NOT_FOUND', details: ['plain'] })
  })

  test.each([
    ['no schema', 'select meander.whoami()', 'FAILED', /not installed/],
    ['a table of a newer version', 'select * from meander_thing', 'FAILED', /does not fit this version/],
    ['a read-only transaction', 'begin read only; update item set value = 1', 'FAILED', /is read-only/],
  ])('with %s says what to do', async (_, statement, code, message) => {
    const db = await connectAs(url())
    await expect(db.query(statement)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.any(String),
    })
  })

  test('for want of a grant is UNAUTHENTICATED, and what is not ours stays what it was', async () => {
    await server.query('create schema meander', [], database)
    const db = await connectAs(url())
    await expect(db.query('select meander.whoami()')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      hint: expect.stringContaining(`operators add ${login}`),
    })
    await expect(db.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' })
    await server.query('drop schema meander', [], database)
  })

  test('to get a lock, or to end in time, or to stay connected, is told apart', async () => {
    const holder = await connectAs(url())
    const db = await connectAs(url(), { timeoutMs: 700 })
    await expect(db.query('select pg_sleep(5)')).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('0.7 s of --timeout'),
    })
    await holder.transaction(async (tx) => {
      await tx.query('update item set value = 1 where id = 2')
      const blocked = db.query(
        `begin; set local lock_timeout = '100ms'; update item set value = 2 where id = 2`,
      )
      await expect(blocked).rejects.toMatchObject({
        code: 'FAILED',
        message: expect.stringContaining('Another transaction holds'),
      })
    })
    await server.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${login}'`)
    await sleep(50)
    await expect(holder.query('select 1')).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('was lost'),
    })
  })

  test('for having waited too long in a transaction, or between two, is a lost connection, and nothing was changed', async () => {
    for (const limit of ['idle_in_transaction_session_timeout', 'idle_session_timeout']) {
      const db = await connectAs(url())
      const waiting = async (query: Database['query']) => {
        await query(`set ${limit} = '50ms'`)
        await sleep(300)
        await query('select 1')
      }
      const failure =
        limit === 'idle_session_timeout'
          ? waiting(db.query)
          : db.transaction(async (tx) => {
              await tx.query('update item set value = 9 where id = 1')
              await waiting(tx.query)
            })
      await expect(failure).rejects.toMatchObject({
        code: 'FAILED',
        message: expect.stringContaining('was lost'),
        hint: 'Run the same command again',
      })
      expect(await value(1)).toBe(0)
    }
  })

  test('by an interrupt is INTERRUPTED, and nothing was changed', async () => {
    const db = await connectAs(url())
    const work = db.transaction(async (tx) => {
      await tx.query('update item set value = 8 where id = 3')
      await tx.query('select pg_sleep(20)')
    })
    setTimeout(() => db.cancel(), 200)
    await expect(work).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(await value(3)).toBe(0)
  })
})
