import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { asLogin, password } from '../../support/as-login.ts'
import { organizations, peopledDatabase } from '../../support/people.ts'
import { type PrivatePostgres, postgresAt, startPostgres } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))

interface Status {
  readonly installed: boolean
  readonly version: number
  readonly toolVersion: number
  readonly applied: readonly { name: string; appliedBy: string }[]
  readonly pending: readonly string[]
  readonly drift: readonly { kind: string; name: string; change: string }[]
  readonly blocklistMode: string | null
}
interface Migrated {
  readonly dryRun: boolean
  readonly version: number
  readonly applied: readonly string[]
  readonly blocklistMode: string
  readonly missing: readonly string[]
}

const db = async <T>(database: string, argv: readonly string[], options?: RunOptions) => {
  const ran = await run(server, database, server.superuser, ['db', ...argv, '-o', 'json'], options)
  return { ...ran, item: ran.code === 0 ? ran.json<{ item: T }>().item : null }
}
const status = (database: string) => db<Status>(database, ['status'])
const migrate = (database: string, ...argv: string[]) => db<Migrated>(database, ['migrate', ...argv])
const emptyDatabase = () => server.createDatabase(`bare_${randomBytes(6).toString('hex')}`)
const hasSchema = async (database: string) =>
  (await server.query("select 1 from pg_namespace where nspname = 'meander'", [], database)).length === 1

describe('an empty database', () => {
  let database: string
  beforeAll(async () => {
    database = await emptyDatabase()
  })

  it('status says that nothing is installed, and how to go on', async () => {
    const { code, item, stderr } = await status(database)
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'Bring it up to date: meanderctl db migrate\n' })
    expect(item).toMatchObject({ installed: false, version: 0, applied: [], drift: [], blocklistMode: null })
    expect(item?.pending).toEqual(expect.arrayContaining(['migrations/0001_tables.sql', 'access.sql']))
  })

  it('migrate --dry-run does all of it and leaves nothing', async () => {
    const { code, item } = await migrate(database, '--dry-run')
    expect(code).toBe(0)
    expect(item).toMatchObject({
      dryRun: true,
      applied: expect.arrayContaining(['migrations/0001_tables.sql']),
    })
    expect(await hasSchema(database)).toBe(false)
  })

  it('migrate installs it, two at once as well', async () => {
    const [one, other] = await Promise.all([migrate(database), migrate(database)])
    expect([one.code, other.code, one.stderr, other.stderr]).toEqual([0, 0, '', ''])
    expect([one, other].map(({ item }) => (item?.applied.length ?? 0) > 0).sort()).toEqual([false, true])
    const { item } = await status(database)
    expect(item).toMatchObject({ installed: true, pending: [], drift: [], blocklistMode: 'database' })
    expect(item?.version).toBe(item?.toolVersion)
    expect(await server.query('select slug, id from meander.organizations', [], database)).toEqual([
      { slug: 'platform', id: organizations.platform },
    ])
  })

  it('again there is nothing to do', async () => {
    expect((await migrate(database)).item).toMatchObject({ applied: [], blocklistMode: 'database' })
    const { stdout } = await run(server, database, server.superuser, ['db', 'migrate'])
    expect(stdout).toMatch(/^applied +nothing: up to date$/m)
  })
})

describe('the blocklist’s mode', () => {
  it('is redis at first if a Redis is configured there', async () => {
    const database = await emptyDatabase()
    const { item } = await db<Migrated>(database, ['migrate'], { redis: 'redis://127.0.0.1:1' })
    expect(item?.blocklistMode).toBe('redis')
  })

  it('is kept by later migrations, and changed only when asked', async () => {
    const database = await peopledDatabase(server)
    expect((await migrate(database)).item?.blocklistMode).toBe('redis')
    expect((await migrate(database, '--blocklist', 'database', '--dry-run')).item?.blocklistMode).toBe(
      'database',
    )
    expect((await status(database)).item?.blocklistMode).toBe('redis')
    expect((await migrate(database, '--blocklist', 'database')).item?.blocklistMode).toBe('database')
    expect(
      (await db<Migrated>(database, ['migrate'], { redis: 'redis://127.0.0.1:1' })).item?.blocklistMode,
    ).toBe('database')
    expect((await status(database)).item?.blocklistMode).toBe('database')
  })

  it('is one of two', async () => {
    expect((await migrate(await emptyDatabase(), '--blocklist', 'file')).code).toBe(2)
  })
})

describe('an installed database', () => {
  let database: string
  beforeAll(async () => {
    database = await peopledDatabase(server)
  })

  it('what was changed by hand is named', async () => {
    const own = await peopledDatabase(server)
    await server.query(
      `create or replace function meander.is_administrator() returns boolean language sql stable as 'select true';
       create table meander.mine (id integer);
       drop policy functions_select on meander.sessions;
       drop index meander.sessions_by_creation`,
      [],
      own,
    )
    const { code, item, stderr } = await status(own)
    expect(code).toBe(0)
    const found = item?.drift.map(({ name, change }) => `${change} ${name}`) ?? []
    expect(found).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^altered .*is_administrator/),
        expect.stringMatching(/^added .*mine/),
        expect.stringMatching(/^missing .*functions_select/),
        expect.stringMatching(/^missing .*sessions_by_creation/),
      ]),
    )
    expect(stderr).toContain('Something was changed by hand: see who may, and put it back.\n')
  })

  it('a function that this tool knows otherwise is pending, and applied anew', async () => {
    const own = await peopledDatabase(server)
    const path = 'functions/sessions/session_state.sql'
    await server.query('update meander.schema_files set sha256 = $1 where path = $2', ['older', path], own)
    expect((await status(own)).item?.pending).toEqual([path])
    expect((await migrate(own)).item?.applied).toEqual([path])
    expect((await status(own)).item).toMatchObject({ pending: [], drift: [] })
  })

  it('one that is too new is left alone', async () => {
    const own = await peopledDatabase(server)
    await server.query(
      "insert into meander.migrations (version, name, sha256, tool_version) values (999, 'later', 'x', '9.0.0')",
      [],
      own,
    )
    const { code, item, stderr } = await status(own)
    expect(code).toBe(0)
    expect(item?.version).toBe(999)
    expect(stderr).toBe('The schema is newer than this meanderctl: install a newer one.\n')
    const ran = await migrate(own)
    expect(ran.code).toBe(2)
    expect(ran.error()).toMatchObject({
      message: 'The database has schema version 999, which this meanderctl does not know.',
      hint: 'Install a newer meanderctl.',
    })
  })

  it('a migration that was altered after it was applied is drift', async () => {
    const own = await peopledDatabase(server)
    await server.query("update meander.migrations set sha256 = 'x' where version = 1", [], own)
    expect((await status(own)).item?.drift).toEqual([
      { kind: 'migration', name: '0001_tables', change: 'altered' },
    ])
  })

  it.each(['kari', 'ada', 'gro'])('%s may neither migrate nor look: 5', async (login) => {
    for (const argv of [['status'], ['migrate'], ['migrate', '--dry-run']]) {
      const ran = await run(server, database, login, ['db', ...argv])
      expect({ argv, code: ran.code, stdout: ran.stdout }).toEqual({ argv, code: 5, stdout: '' })
      expect(ran.stderr).toMatch(
        new RegExp(
          `^meanderctl: The login ${login} may not do this: .+\\n(Only roles with .+\\n)?See what it may: `,
        ),
      )
    }
  })

  it('a stranger is nobody: 4', async () => {
    expect((await run(server, database, 'stranger', ['db', 'status'])).code).toBe(4)
  })

  it('for a person', async () => {
    const { stdout } = await run(server, database, 'admin', ['db', 'status'])
    expect(stdout).toMatch(/^installed +yes$/m)
    expect(stdout).toMatch(/^pending +nothing$/m)
    expect(stdout).toMatch(/^changed by hand +nothing$/m)
  })
})

describe('an administrator with CREATEROLE, in a cluster where nothing was installed', () => {
  let cluster: PrivatePostgres
  beforeAll(async () => {
    cluster = await startPostgres()
    await cluster.query(`create role dba login createrole password '${password}'`)
    await cluster.query('create database one owner dba')
    await cluster.query('create database two owner dba')
  })
  afterAll(() => cluster.stop())
  /** From 16 on CREATEROLE alone cannot hand out what it does not administer. */
  const modern = () => Number(cluster.version.split('.')[0]) >= 16
  const dba = (database: string, ...argv: string[]) => run(cluster, database, 'dba', [...argv, '-o', 'json'])

  it('installs two databases at once, and says what only a superuser can give', async () => {
    const both = await Promise.all([dba('one', 'db', 'migrate'), dba('two', 'db', 'migrate')])
    for (const ran of both) {
      expect({ code: ran.code, stderr: ran.stderr.replace(/^One right .*\n/, '') }).toEqual({
        code: 0,
        stderr: '',
      })
      expect(ran.json<{ item: Migrated }>().item.missing).toEqual(
        modern() ? ['grant pg_signal_backend, pg_read_all_stats to meander_signal'] : [],
      )
    }
    expect((await dba('one', 'db', 'status')).json<{ item: Status }>().item).toMatchObject({
      pending: [],
      drift: [],
      applied: expect.arrayContaining([expect.objectContaining({ appliedBy: 'dba' })]),
    })
    expect((await dba('one', 'whoami')).json<{ item: { kind: string } }>().item.kind).toBe('administrator')
  })

  it('keeps only the owner’s role', async () => {
    expect(
      await cluster.query(
        `select r.rolname from pg_roles r where r.rolname like 'meander%' and pg_has_role('dba', r.oid, 'usage')`,
      ),
    ).toEqual([{ rolname: 'meander_owner' }])
  })

  it('migrates again, and registers an operator', async () => {
    expect((await dba('one', 'db', 'migrate')).code).toBe(0)
    await cluster.query(
      `insert into meander.organizations (id, slug, name) values ('${organizations.hlf}', 'hlf', 'hlf');
       insert into meander.users (organization_id, email, display_name, role)
       values ('${organizations.hlf}', 'kari@hlf.example', 'Kari', 'org_admin');
       create role kari login password '${password}'`,
      [],
      'one',
    )
    expect((await dba('one', 'operators', 'add', 'kari', '--user', 'kari@hlf.example')).code).toBe(0)
    expect((await run(cluster, 'one', 'kari', ['whoami'])).code).toBe(0)
    const open = await asLogin(cluster, 'one', 'kari')
    const removed = await dba('one', 'operators', 'remove', 'kari', '--reason', 'x', '--yes')
    expect(removed.code).toBe(0)
    expect(removed.stderr).toBe(
      modern()
        ? 'Its open connections have no rights any more, but could not be ended. A superuser runs: grant pg_signal_backend to meander_signal;\n'
        : '1 connection ended.\n',
    )
    // Whether the connection is open or not, there is nothing that it could do.
    await expect(open.value('select meander.whoami()')).rejects.toThrow()
    await open.close()
    expect((await run(cluster, 'one', 'kari', ['whoami'])).code).toBe(4)
  })
})
