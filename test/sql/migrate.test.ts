import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { readStatus } from '../../src/postgres/schema-status.ts'
import { asLogin, closeLogins, closeLoginsBut, connectAs, type Login, password } from '../support/as-login.ts'
import { organizations, people } from '../support/people.ts'
import { type PrivatePostgres, startPostgres } from '../support/postgres.ts'

/** Installing and keeping the schema, on servers of its own: roles belong to the cluster. */

const groups = [
  'meander_audit',
  'meander_auth',
  'meander_directory',
  'meander_functions',
  'meander_guard',
  'meander_operator',
  'meander_owner',
  'meander_publisher',
  'meander_registrar',
  'meander_signal',
  'meander_system',
]
const install = (db: Database, options: { mode?: 'redis' | 'database'; dryRun?: boolean } = {}) =>
  migrate(db, {
    toolVersion: 'test',
    defaultMode: 'database',
    mode: options.mode,
    dryRun: options.dryRun ?? false,
  })
const rolesOf = (login: Login) =>
  login.rows("select rolname from pg_roles where rolname like 'meander\\_%' order by 1")

const servers: PrivatePostgres[] = []
const server = async (): Promise<PrivatePostgres> => {
  const started = await startPostgres()
  servers.push(started)
  return started
}
afterAll(async () => {
  await closeLogins()
  await Promise.all(servers.map((one) => one.stop()))
})

describe('as the superuser', () => {
  let postgres: PrivatePostgres
  let root: Login
  let db: Database

  beforeAll(async () => {
    postgres = await server()
    await postgres.createDatabase('meander')
    root = await asLogin(postgres, 'meander', 'postgres')
    db = await connectAs(postgres, 'meander', 'postgres')
  })
  afterEach(() => closeLoginsBut(root))
  afterAll(() => db.close())

  const drift = async () =>
    (await readStatus(db)).drift.map(({ kind, name, change }) => `${kind} ${name} ${change}`).sort()

  it('a dry run tells everything and leaves nothing, roles included', async () => {
    const before = await readStatus(db)
    expect(before).toMatchObject({ installed: false, version: 0, applied: [] })
    const told = await install(db, { dryRun: true })
    expect(told.applied).toEqual(before.pending)
    expect(await root.value("select to_regnamespace('meander')")).toBeNull()
    expect(await rolesOf(root)).toEqual([])
    expect(await readStatus(db)).toEqual(before)
  })

  it('what fails in the middle leaves nothing either', async () => {
    await root.rows('create schema meander; create table meander.sessions (id integer)')
    await expect(install(db)).rejects.toThrow()
    expect(await rolesOf(root)).toEqual([])
    await root.rows('drop schema meander cascade')
  })

  it('two at once, in one database and in another, both succeed', async () => {
    await postgres.createDatabase('second')
    const others = [
      await connectAs(postgres, 'meander', 'postgres'),
      await connectAs(postgres, 'second', 'postgres'),
    ]
    const done = await Promise.all([db, ...others].map((one) => install(one)))
    const [first, second, elsewhere] = done.map(({ applied }) => applied.length)
    expect([first, second].sort()).toEqual([0, elsewhere])
    expect((await rolesOf(root)).map(({ rolname }) => rolname)).toEqual(groups)
    await Promise.all(others.map((other) => other.close()))
  })

  it('a second run applies nothing, and nothing is pending or drifted', async () => {
    expect((await install(db)).applied).toEqual([])
    const status = await readStatus(db)
    expect(status).toMatchObject({ installed: true, version: status.toolVersion, pending: [], drift: [] })
    expect(status.applied.map(({ appliedBy }) => appliedBy)).toEqual(status.applied.map(() => 'postgres'))
  })

  it('the mode is recorded, kept and changed', async () => {
    expect(await install(db)).toMatchObject({ blocklistMode: 'database' })
    expect(await install(db, { mode: 'redis' })).toMatchObject({ blocklistMode: 'redis' })
    expect(await install(db)).toMatchObject({ blocklistMode: 'redis' })
    expect(await install(db, { mode: 'database', dryRun: true })).toMatchObject({ blocklistMode: 'database' })
    expect(await readStatus(db)).toMatchObject({ blocklistMode: 'redis', drift: [] })
  })

  it('a changed function is applied anew, and what was granted on it before goes', async () => {
    const path = 'functions/blocklist/blocklist_status.sql'
    const now = () => root.value("select pg_get_functiondef('meander.blocklist_status'::regproc)")
    const good = await now()
    const grants = () =>
      root.value("select proacl from pg_proc where oid = 'meander.blocklist_status'::regproc")
    const granted = await grants()
    await root.rows(`
      create role migrate_other;
      grant execute on function meander.blocklist_status() to public, meander_directory, migrate_other, meander_auth;
      create or replace function meander.blocklist_status()
      returns table (mode text, live bigint, pending bigint, oldest_pending_at timestamptz, everywhere boolean,
        redis_run_ids text[])
      language sql as $$ select 'old'::text, 0::bigint, 0::bigint, null::timestamptz, false, '{}'::text[] $$;
      update meander.schema_files set sha256 = 'old' where path = '${path}'`)
    expect((await readStatus(db)).pending).toEqual([path])
    expect((await install(db)).applied).toContain(path)
    expect(await now()).toBe(good)
    expect(await grants()).toBe(granted)
    expect(await drift()).toEqual([])
  })

  it.each([
    [
      'parameter',
      'check_limit',
      'meander.check_limit(p_number integer) returns void language sql as $$ select $$',
    ],
    ['type', 'check_limit', 'meander.check_limit(p_limit text) returns void language sql as $$ select $$'],
    [
      'result',
      'session_state',
      'meander.session_state(p_revoked_at timestamptz, p_effective_end timestamptz, p_at timestamptz) returns integer language sql as $$ select 1 $$',
    ],
    [
      'number of parameters',
      'readable_organizations',
      'meander.readable_organizations(p_all boolean) returns uuid[] language sql as $$ select null::uuid[] $$',
    ],
  ])('an old function with another %s is replaced, with no overload left', async (_, name, old) => {
    const signature = () =>
      root.rows(
        'select oid::regprocedure::text, pg_get_function_result(oid) from pg_proc where proname = $1',
        [name],
      )
    const good = await signature()
    await root.rows(`drop function meander.${name} cascade; create function ${old}`)
    // As the older tool would have left it: without what stands on the function of today.
    await root.rows("update meander.schema_files set sha256 = 'old' where path like $1", [
      `functions/%/${name}.sql`,
    ])
    await install(db)
    expect(await signature()).toEqual(good)
    expect(await drift()).toEqual([])
    expect(await root.value('select count(*) from meander.session_details')).toBe('0')
  })

  it('a function that the tool no longer brings goes, even when nothing else changed', async () => {
    await root.rows(`
      create function meander.gone() returns integer language sql as $$ select 1 $$;
      insert into meander.schema_files (path, sha256) values ('functions/old/gone.sql', 'x')`)
    await install(db)
    expect(await root.value("select to_regproc('meander.gone')")).toBeNull()
    expect(await root.value("select count(*) from meander.schema_files where path like '%gone.sql'")).toBe(
      '0',
    )
    expect(await drift()).toEqual([])
  })

  it('a change by hand is found, whatever was changed', async () => {
    const changes: [string, string, string][] = [
      ['function whoami() altered', 'alter function meander.whoami() security invoker', ''],
      ['function whoami() altered', 'grant execute on function meander.whoami() to public', ''],
      [
        'function mine() added',
        'create function meander.mine() returns integer language sql as $$ select 1 $$',
        '',
      ],
      ['function check_limit(p_limit integer) missing', 'drop function meander.check_limit', ''],
      ['table sessions altered', 'grant select on meander.sessions to public', ''],
      ['table sessions altered', 'alter table meander.sessions disable row level security', ''],
      ['table mine added', 'create table meander.mine ()', ''],
      ['column sessions.mine added', 'alter table meander.sessions add mine integer', ''],
      ['column users.email altered', 'grant select (email) on meander.users to public', ''],
      [
        'policy sessions.functions_select altered',
        'alter policy functions_select on meander.sessions using (true)',
        '',
      ],
      ['policy sessions.mine added', 'create policy mine on meander.sessions using (true)', ''],
      ['policy sessions.auth_insert missing', 'drop policy auth_insert on meander.sessions', ''],
      [
        'trigger meander.sessions.sessions_guard_insert altered',
        'alter table meander.sessions disable trigger sessions_guard_insert',
        '',
      ],
      [
        'trigger meander.audit_log.audit_log_append_only missing',
        'drop trigger audit_log_append_only on meander.audit_log',
        '',
      ],
      [
        'constraint meander.users.users_role_known missing',
        'alter table meander.users drop constraint users_role_known',
        '',
      ],
      ['index sessions_user missing', 'drop index meander.sessions_user', ''],
    ]
    for (const [found, change] of changes) {
      await db.transaction(
        async (tx) => {
          await tx.query(change)
          const status = await readStatus(tx)
          expect(
            status.drift.map(({ kind, name, change: how }) => `${kind} ${name} ${how}`),
            change,
          ).toContain(found)
        },
        { rollback: true },
      )
    }
    expect(await drift()).toEqual([])
  })

  it('a change by hand is mended where a file says how it should be, and else stays found', async () => {
    await root.rows(`
      alter function meander.whoami() security invoker;
      grant execute on function meander.whoami() to public;
      grant select on meander.sessions to public, migrate_other;
      grant select (email) on meander.users to migrate_other;
      alter policy functions_select on meander.sessions using (true);
      alter table meander.sessions disable row level security;
      drop trigger audit_log_append_only on meander.audit_log;
      alter table meander.users add mine integer;
      alter table meander.users drop constraint users_role_known`)
    await install(db)
    const left = ['column users.mine added', 'constraint meander.users.users_role_known missing']
    expect(await drift()).toEqual(left)
    expect(
      await root.value("select has_column_privilege('migrate_other', 'meander.users', 'email', 'select')"),
    ).toBe('f')
    await install(db)
    expect(await drift()).toEqual(left)
    await root.rows(`
      alter table meander.users drop mine;
      alter table meander.users add constraint users_role_known
        check (role in ('member', 'peer_mentor', 'coordinator', 'org_admin', 'global_admin'))`)
    expect(await drift()).toEqual([])
  })

  it('a changed migration is told, not applied again', async () => {
    await db.transaction(
      async (tx) => {
        await tx.query("update meander.migrations set sha256 = 'other' where version = 1")
        expect((await readStatus(tx)).drift).toEqual([
          { kind: 'migration', name: '0001_tables', change: 'altered' },
        ])
      },
      { rollback: true },
    )
  })

  it('a database that is newer than the tool is refused', async () => {
    await root.rows(
      "insert into meander.migrations (version, name, sha256, tool_version) values (99, '0099_future', 'x', '9.0.0')",
    )
    await expect(install(db)).rejects.toMatchObject({ code: 'USAGE' })
    expect(await readStatus(db)).toMatchObject({ version: 99, pending: [] })
    await root.rows('delete from meander.migrations where version = 99')
  })

  it('nobody but an administrator reads the books or migrates', async () => {
    await root.rows(`create role migrate_nobody login password '${password}'`)
    const nobody = await connectAs(postgres, 'meander', 'migrate_nobody')
    await expect(install(nobody)).rejects.toThrow()
    await expect(readStatus(nobody)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await nobody.close()
    expect(await drift()).toEqual([])
  })

  it('a lock by another login does not hold a migration up', async () => {
    const nobody = await asLogin(postgres, 'meander', 'migrate_nobody')
    await nobody.rows('begin; select pg_advisory_lock(n) from generate_series(1, 100) as n')
    await nobody.fails('42501', 'lock table meander.migrations')
    await install(db)
  })
})

describe('as an administrator with CREATEROLE who owns the database', () => {
  let postgres: PrivatePostgres
  let root: Login
  let boss: Login
  let db: Database
  let newer: boolean

  beforeAll(async () => {
    postgres = await server()
    await postgres.query(`create role boss login createrole password '${password}'`)
    await postgres.query('create database meander owner boss')
    root = await asLogin(postgres, 'meander', 'postgres')
    boss = await asLogin(postgres, 'meander', 'boss')
    db = await connectAs(postgres, 'meander', 'boss')
    newer = Number(postgres.version) >= 16
  })
  afterEach(() => closeLoginsBut(root, boss))
  afterAll(() => db.close())

  const login = (name: string, attributes = '') =>
    root.rows(`create role ${name} login password '${password}' ${attributes}`)
  const add = (name: string, role: string | null = null, by: Login = boss) =>
    by.value("select meander.add_operator($1, 'kari@hlf.example', $2) ->> 'outcome'", [name, role])

  it('the schema is installed, and what is missing is said', async () => {
    const done = await install(db)
    expect(done.applied.length).toBeGreaterThan(50)
    expect(done.missing).toEqual(
      newer ? ['grant pg_signal_backend, pg_read_all_stats to meander_signal'] : [],
    )
    expect((await install(db)).applied).toEqual([])
    expect(await readStatus(db)).toMatchObject({ pending: [], drift: [] })
  })

  it('two runs at once do not get into each other’s way', async () => {
    const other = await connectAs(postgres, 'meander', 'boss')
    for (let n = 0; n < 5; n++)
      expect((await Promise.all([install(db), install(other)])).map(({ applied }) => applied)).toEqual([
        [],
        [],
      ])
    await other.close()
  })

  it('afterwards the administrator is a member of meander_owner only', async () => {
    const kept = await root.rows(
      newer
        ? `select r.rolname from pg_roles r where r.rolname like 'meander\\_%'
             and (pg_has_role('boss', r.oid, 'usage') or pg_has_role('boss', r.oid, 'set')) order by 1`
        : `select r.rolname from pg_roles r where r.rolname like 'meander\\_%' and pg_has_role('boss', r.oid, 'member')`,
    )
    expect(kept).toEqual([{ rolname: 'meander_owner' }])
    for (const role of groups.filter((one) => one !== 'meander_owner'))
      await boss.fails('42501', `set role ${role}`)
    expect(
      await root.rows(
        "select r as role from unnest($1::text[]) as r where has_schema_privilege(r, 'meander', 'create') and r <> 'meander_owner'",
        [groups],
      ),
    ).toEqual([])
  })

  it('the administrator reads no session data, not even as the owner', async () => {
    await root.rows(`
      insert into meander.organizations (id, slug, name) values ('${organizations.hlf}', 'hlf', 'HLF');
      insert into meander.users (id, organization_id, email, display_name, role) values
        ('${people.kari.id}', '${organizations.hlf}', 'kari@hlf.example', 'Kari', 'org_admin'),
        ('${people.mari.id}', '${organizations.hlf}', 'mari@hlf.example', 'Mari', 'member'),
        ('${people.gro.id}', null, 'gro@meander.example', 'Gro', 'global_admin');
      insert into meander.sessions (user_id, organization_id, kind, expires_at)
      values ('${people.mari.id}', '${organizations.hlf}', 'portal', now() + interval '1 day')`)
    for (const table of ['sessions', 'users', 'organizations', 'operators', 'audit_log'])
      expect(await boss.value(`select count(*) from meander.${table}`)).toBe('0')
    await boss.fails('42501', "select * from meander.list_sessions('{}', 'created', null, null, 10)")
  })

  it('the administrator registers, disables, enables and removes operators', async () => {
    await login('migrate_kari')
    const kari = await asLogin(postgres, 'meander', 'migrate_kari')
    expect(await add('migrate_kari')).toBe('added')
    expect(await add('migrate_kari')).toBe('alreadyAdded')
    expect(JSON.parse((await kari.value('select meander.whoami()')) ?? '')).toMatchObject({
      role: 'org_admin',
    })
    await boss.rows("select meander.disable_operator('migrate_kari', 'on leave', null)")
    await kari.fails('MC401', 'select meander.whoami()')
    await boss.rows("select meander.enable_operator('migrate_kari')")
    await kari.rows('select meander.whoami()')
    await boss.fails('MC409', "select meander.add_operator('migrate_kari', 'gro@meander.example', null)")
    await boss.fails('MC409', "select meander.add_operator('migrate_kari', 'kari@hlf.example', 'auditor')")
    await boss.rows("select meander.remove_operator('migrate_kari', 'left', null)")
    await kari.fails('42501', 'select meander.whoami()')
    await boss.fails('MC404', "select meander.remove_operator('migrate_kari', 'left', null)")
    expect(
      (
        await root.rows(
          "select actor, action from meander.audit_log where target_id = 'migrate_kari' order by seq",
        )
      ).map(({ actor, action }) => `${actor} ${action}`),
    ).toEqual(['added', 'disabled', 'enabled', 'removed'].map((act) => `boss operator.${act}`))
  })

  it('so does a second administrator, whoever was first', async () => {
    await login('deputy')
    await boss.rows('grant meander_owner to deputy')
    await login('migrate_first')
    await login('migrate_second')
    const deputy = await asLogin(postgres, 'meander', 'deputy')
    expect(await add('migrate_first')).toBe('added')
    expect(await add('migrate_second', null, deputy)).toBe('added')
    await deputy.rows("select meander.remove_operator('migrate_first', 'left', null)")
    await boss.rows("select meander.remove_operator('migrate_second', 'left', null)")
    expect(
      await root.rows(
        "select member::regrole::text from pg_auth_members where roleid = 'meander_operator'::regrole and member::regrole::text like 'migrate%'",
      ),
    ).toEqual([])
  })

  it('a membership that somebody else gave goes, or removing says that it did not', async () => {
    await login('migrate_given')
    await add('migrate_given')
    await root.rows('grant meander_operator to migrate_given')
    const remove = "select meander.remove_operator('migrate_given', 'left', null)"
    if (newer) {
      await boss.fails('MC500', remove)
      expect(await root.value("select count(*) from meander.operators where login = 'migrate_given'")).toBe(
        '1',
      )
      await root.rows('revoke meander_operator from migrate_given granted by postgres')
    }
    await boss.rows(remove)
    expect(await root.value("select pg_has_role('migrate_given', 'meander_operator', 'member')")).toBe('f')
  })

  it('a second administrator without CREATEROLE cannot migrate, and is told', async () => {
    const deputy = await connectAs(postgres, 'meander', 'deputy')
    await expect(install(deputy)).rejects.toThrow(/permission denied|must have admin option/)
    await deputy.close()
    expect(await readStatus(db)).toMatchObject({ pending: [], drift: [] })
  })

  it('a superuser can take over, and give back', async () => {
    const superuser = await connectAs(postgres, 'meander', 'postgres')
    await root.rows("update meander.schema_files set sha256 = 'old' where path like 'functions/%'")
    expect((await install(superuser)).applied.length).toBeGreaterThan(40)
    await superuser.close()
    await root.rows("update meander.schema_files set sha256 = 'old' where path like 'functions/%'")
    expect((await install(db)).applied.length).toBeGreaterThan(40)
    expect(await readStatus(db)).toMatchObject({ pending: [], drift: [] })
  })

  it.each([
    ['SUPERUSER', 'superuser', ''],
    ['CREATEROLE', 'createrole', ''],
    ['BYPASSRLS', 'bypassrls', ''],
    ['REPLICATION', 'replication', ''],
    ['pg_read_all_data', '', 'pg_read_all_data'],
    ['pg_write_all_data', '', 'pg_write_all_data'],
    ['pg_signal_backend', '', 'pg_signal_backend'],
    ['pg_read_server_files', '', 'pg_read_server_files'],
    ['meander_owner', '', 'meander_owner'],
    ['meander_auth', '', 'meander_auth'],
    ['meander_functions', '', 'meander_functions'],
    ['a role that is SUPERUSER', '', 'migrate_dba'],
    ['a role that is BYPASSRLS', '', 'migrate_dump'],
    ['a role that may read all data', '', 'migrate_reader'],
    ['the database itself', '', 'boss'],
  ])('a login that holds %s is refused', async (_, attributes, membership) => {
    await root.rows(`
      drop role if exists migrate_strong, migrate_dba, migrate_dump, migrate_reader;
      create role migrate_dba superuser; create role migrate_dump bypassrls; create role migrate_reader;
      grant pg_read_all_data to migrate_reader;
      create role migrate_strong login ${attributes};
      ${membership && `grant ${membership} to migrate_strong`}`)
    await boss.fails('MC403', "select meander.add_operator('migrate_strong', 'kari@hlf.example', null)")
    await boss.fails('MC403', "select meander.add_operator('migrate_strong', 'kari@hlf.example', 'auditor')")
    expect(await root.value("select count(*) from meander.operators where login = 'migrate_strong'")).toBe(
      '0',
    )
  })

  it('a role that cannot log in, an unknown one and a user without rights are refused', async () => {
    await root.rows('create role migrate_group')
    await login('migrate_plain')
    await boss.fails('MC404', "select meander.add_operator('migrate_group', 'kari@hlf.example', null)")
    await boss.fails('MC404', "select meander.add_operator('migrate_unknown', 'kari@hlf.example', null)")
    await boss.fails('MC404', "select meander.add_operator('migrate_plain', 'nobody@hlf.example', null)")
    await boss.fails('MC403', "select meander.add_operator('migrate_plain', 'mari@hlf.example', null)")
    await boss.fails('MC400', "select meander.add_operator('migrate_plain', 'kari@hlf.example', 'org_admin')")
    for (const args of ["null, 'kari@hlf.example', null", "'migrate_plain', null, null"])
      await boss.fails('MC400', `select meander.add_operator(${args})`)
    expect(await add('migrate_plain', 'auditor')).toBe('added')
  })

  it('a login that was dropped and made again is nobody until it is bound anew', async () => {
    await login('migrate_again')
    await add('migrate_again')
    await root.rows('drop role migrate_again')
    await login('migrate_again')
    const again = await asLogin(postgres, 'meander', 'migrate_again')
    await again.fails('42501', 'select meander.whoami()')
    await boss
      .rows('grant meander_operator to migrate_again')
      .catch(() => root.rows('grant meander_operator to migrate_again'))
    await again.fails('MC401', 'select meander.whoami()')
    expect(
      await boss.rows("select state from meander.list_operators() where login = 'migrate_again'"),
    ).toEqual([{ state: 'unbound' }])
    expect(await add('migrate_again')).toBe('rebound')
    await again.rows('select meander.whoami()')
  })

  it('a login that was renamed is told apart from a new one', async () => {
    await login('migrate_before')
    await add('migrate_before')
    await root.rows('alter role migrate_before rename to migrate_after')
    await boss.fails('MC409', "select meander.add_operator('migrate_after', 'kari@hlf.example', null)")
    await boss.rows("select meander.remove_operator('migrate_before', 'renamed', null)")
    expect(await add('migrate_after')).toBe('added')
  })

  it('nobody else touches registrations, an operator least of all', async () => {
    const operator = await asLogin(postgres, 'meander', 'migrate_again')
    for (const call of [
      "add_operator('migrate_plain', 'kari@hlf.example', null)",
      "remove_operator('migrate_plain', 'x', null)",
      "enable_operator('migrate_plain')",
      "disable_operator('migrate_plain', 'x', null)",
      'list_operators()',
      "terminate_login('boss')",
    ])
      await operator.fails('42501', `select meander.${call}`)
  })
})
