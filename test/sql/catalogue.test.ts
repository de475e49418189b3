import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { sqlStates } from '../../src/errors.ts'
import { operators, peopledDatabase } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { findPostgres } from '../support/postgres-binaries.ts'

/** What the catalogue says of the installed schema: the rules that hold for everything, new things included. */

const server = postgresAt(inject('postgres'))
let database: string

beforeAll(async () => {
  database = await peopledDatabase(server)
})

/** The names that a query finds; `name` is the column. */
const names = async (text: string, values: readonly unknown[] = []): Promise<string[]> =>
  (await server.query<{ name: string }>(text, values, database)).map(({ name }) => name)

const functionOwners = [
  'meander_functions',
  'meander_guard',
  'meander_system',
  'meander_audit',
  'meander_registrar',
  'meander_signal',
]
const groups = ['meander_operator', 'meander_auth', 'meander_publisher', 'meander_directory']

const sqlFolder = fileURLToPath(new URL('../../src/postgres/', import.meta.url))
const sqlFiles = (folder: string): { name: string; text: string }[] =>
  readdirSync(join(sqlFolder, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.sql'))
    .map((path) => ({
      name: basename(path, '.sql'),
      text: readFileSync(join(sqlFolder, folder, path), 'utf8'),
    }))

describe('tables', () => {
  it('have row level security enabled and forced, and belong to the owner', async () => {
    const loose = `select relname as name from pg_class
      where relnamespace = 'meander'::regnamespace and relkind in ('r', 'p', 'm', 'f')
        and not (relrowsecurity and relforcerowsecurity and relowner = 'meander_owner'::regrole)`
    expect(await names(loose)).toEqual([])
  })

  it('let no view see with the rights of its owner', async () => {
    const definers = `select relname as name from pg_class
      where relnamespace = 'meander'::regnamespace and relkind = 'v'
        and coalesce(array_to_string(reloptions, ','), '') !~ 'security_invoker=(true|on)'`
    expect(await names(definers)).toEqual([])
  })

  it('give nobody but the owner TRUNCATE, REFERENCES or TRIGGER', async () => {
    const grants = `select c.relname || ' to ' || a.grantee::regrole as name
      from pg_class c, aclexplode(c.relacl) a
      where c.relnamespace = 'meander'::regnamespace and a.grantee <> c.relowner
        and a.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER')`
    expect(await names(grants)).toEqual([])
  })

  it('give an operator nothing at all, by whatever way', async () => {
    const reached = `select l.name || ' ' || c.relname || ' ' || p.name as name
      from unnest($1::text[]) as l (name), pg_class c, unnest(array['select', 'insert', 'update', 'references']) as p (name)
      where c.relnamespace = 'meander'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')
        and has_any_column_privilege(l.name, c.oid, p.name)
      union all
      select l.name || ' ' || c.relname || ' ' || p.name
      from unnest($1::text[]) as l (name), pg_class c, unnest(array['delete', 'truncate', 'trigger']) as p (name)
      where c.relnamespace = 'meander'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and has_table_privilege(l.name, c.oid, p.name)`
    expect(await names(reached, [['meander_operator', 'stranger', ...operators]])).toEqual([])
  })

  it('have policies for our own roles only, and none for operators', async () => {
    const known = ['meander_owner', 'meander_auth', 'meander_directory', ...functionOwners]
    const others = `select distinct r as name from pg_policies p, unnest(p.roles) as r
      where p.schemaname = 'meander' and r <> all ($1::text[])`
    expect(await names(others, [known])).toEqual([])
  })

  it('bind the operators’ functions to the reach of the operator, asked once for a statement', async () => {
    const loose = `select tablename || '.' || policyname as name
      from pg_policies p, unnest(array[p.qual, p.with_check]) as expression
      where p.schemaname = 'meander' and 'meander_functions' = any (p.roles) and p.tablename <> 'installation'
        and expression is not null and expression <> '(login = SESSION_USER)'
        and (expression !~ '^\\(+(organization_id IS NULL\\) AND \\( SELECT|\\w+ = ANY \\(\\( SELECT) meander\\.\\w+\\(\\) AS \\w+\\)'
        or expression ~* '\\mor true\\M|^\\(*true')`
    const shapeless = (await names(loose)).concat(
      await names(`select tablename || '.' || policyname as name from pg_policies
        where schemaname = 'meander' and 'meander_functions' = any (roles) and tablename <> 'installation'
          and (qual = 'true' or with_check = 'true' or coalesce(qual, with_check) is null)`),
    )
    expect(shapeless).toEqual([])
  })

  it('say what they are', async () => {
    const silent = `select relname as name from pg_class
      where relnamespace = 'meander'::regnamespace and relkind in ('r', 'p', 'v') and obj_description(oid) is null`
    expect(await names(silent)).toEqual([])
  })

  it('name every constraint by its rule, not by its columns', async () => {
    const unnamed = `select k.conname as name
      from pg_constraint k join pg_class c on c.oid = k.conrelid
      where k.connamespace = 'meander'::regnamespace and k.contype in ('c', 'u', 'f', 'x') and (
        k.conname = concat_ws('_', c.relname, (
          select string_agg(a.attname, '_' order by u.position) from unnest(k.conkey) with ordinality as u (number, position)
          join pg_attribute a on a.attrelid = c.oid and a.attnum = u.number),
          case k.contype when 'c' then 'check' when 'u' then 'key' when 'f' then 'fkey' else 'excl' end)
        or k.conname ~ '_check\\d*$' or k.conname not like c.relname || '\\_%')`
    expect(await names(unnamed)).toEqual([])
  })
})

describe('functions', () => {
  const all = `from pg_proc p where p.pronamespace = 'meander'::regnamespace`

  it('belong to a role that no policy overlooks', async () => {
    expect(
      await names(
        `select distinct proowner::regrole::text as name ${all} and proowner::regrole::text <> all ($1)`,
        [functionOwners],
      ),
    ).toEqual([])
  })

  it('can be executed by nobody just so', async () => {
    const open = `select p.proname as name from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where p.pronamespace = 'meander'::regnamespace and a.grantee = 0`
    expect(await names(open)).toEqual([])
  })

  it('look nowhere else for names where they run with their owner’s rights', async () => {
    const loose = `select proname as name ${all} and prosecdef
      and coalesce(array_position(proconfig, 'search_path=pg_catalog, pg_temp'), 0) = 0`
    expect(await names(loose)).toEqual([])
  })

  it('are plpgsql or SQL, never STRICT, with one signature for each name', async () => {
    expect(await names(`select proname as name ${all} and proisstrict`)).toEqual([])
    expect(await names(`select proname as name ${all} group by proname having count(*) > 1`)).toEqual([])
    expect(
      await names(`select proname as name ${all}
        and prolang not in (select oid from pg_language where lanname in ('sql', 'plpgsql'))`),
    ).toEqual([])
  })

  it('wait for no lock for long where a client starts them', async () => {
    const patient = `select proname as name ${all} and provolatile = 'v' and prosecdef and exists (
        select from aclexplode(proacl) a where a.grantee::regrole::text = any ($1))
      and not exists (select from unnest(proconfig) as setting where setting like 'lock_timeout=%')`
    // They take no lock.
    expect((await names(patient, [[...groups, 'meander_owner']])).sort()).toEqual([
      'terminate_grantees',
      'terminate_login',
    ])
  })

  // Which these are stands in test/golden/rights.txt.
  it('check who calls, each of those that an operator may execute', async () => {
    const open = await names(
      `select proname as name ${all} and has_function_privilege('meander_operator', p.oid, 'execute')`,
    )
    expect(open.length).toBeGreaterThan(40)
    const checks =
      /authorize_(read|change|audit)|people_act|own_(scope|selection)|current_operator|(publish|read)able_organizations|recall_result|grantee_logins/
    // The second tells of the caller's own sessions alone.
    const everybodys = ['schema_version', 'lock_holders']
    const careless = sqlFiles('functions').filter(
      ({ name, text }) =>
        open.includes(name) && !everybodys.includes(name) && !checks.test(withoutComments(text)),
    )
    expect(careless.map(({ name }) => name)).toEqual([])
  })

  it('look at every reason before they do anything, each that takes one from a client', () => {
    const checks = /meander\.(check_reason|check_people|people_act|staff_act)\(/
    const careless = sqlFiles('functions').filter(
      ({ text }) =>
        /security definer/.test(text) &&
        /\bp_reasons? text/.test(text) &&
        !checks.test(withoutComments(text)),
    )
    expect(careless.map(({ name }) => name)).toEqual([])
  })

  it('have each a file of its own name, with a header that says what for', async () => {
    const files = sqlFiles('functions')
    expect(files.map(({ name }) => name).sort()).toEqual(
      (await names(`select proname as name ${all} group by proname`)).sort(),
    )
    for (const { name, text } of files) {
      expect(text, `${name} has no header`).toMatch(/^-- \S/)
      expect([...text.matchAll(/^create or replace function (\S+?)\(/gm)].map((match) => match[1])).toEqual([
        `meander.${name}`,
      ])
      expect(text, `${name} names no owner`).toContain(`alter function meander.${name} owner to meander_`)
    }
  })

  it('raise nothing that errors.ts does not know, and errors.ts knows nothing else', () => {
    const used = new Set(
      sqlFiles('.').flatMap(({ text }) => withoutComments(text).match(/\bMC\d{3}\b/g) ?? []),
    )
    expect([...used].sort()).toEqual(Object.keys(sqlStates).sort())
  })

  it('write nothing out that a caller’s settings could read otherwise', () => {
    // A caller's standard_conforming_strings = off reads backslashes of a body as escapes.
    const escaping = sqlFiles('functions').filter(({ text }) => /'[^'\n]*\\x/.test(withoutComments(text)))
    expect(escaping.map(({ name }) => name)).toEqual([])
  })
})

const withoutComments = (text: string): string => text.replace(/--.*$/gm, '')

describe('roles', () => {
  it('cannot log in, and hold no power of their own', async () => {
    const strong = `select rolname as name from pg_roles where rolname like 'meander\\_%'
      and (rolcanlogin or rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`
    expect(await names(strong)).toEqual([])
  })

  it('own functions without any member', async () => {
    const members = `select roleid::regrole || ' of ' || member::regrole as name from pg_auth_members
      where roleid::regrole::text = any ($1) and member::regrole::text <> 'meander_owner'`
    expect(await names(members, [functionOwners])).toEqual([])
  })

  it('cannot make anything in the schema once the migration is over', async () => {
    expect(
      await names(
        `select r as name from unnest($1::text[]) as r where has_schema_privilege(r, 'meander', 'create')`,
        [[...functionOwners, ...groups, ...operators, 'stranger']],
      ),
    ).toEqual([])
  })
})

describe('the schema as a whole', () => {
  it('is what the golden dump says, without the bodies of functions, and rights (rights.test.ts)', async (context) => {
    const version = await names('select current_setting($1) as name', ['server_version'])
    if (!version[0]?.startsWith('15.')) return context.skip('the dump is of PostgreSQL 15')
    const { initdb } = await findPostgres('15', server.socket)
    const dump = execFileSync(
      join(dirname(initdb), 'pg_dump'),
      [
        '--schema-only',
        '--no-privileges',
        '-h',
        server.host,
        '-p',
        String(server.port),
        '-U',
        server.superuser,
        database,
      ],
      { encoding: 'utf8', env: {} },
    )
    const schema = dump
      .replace(/^\\(un)?restrict .*\n|^--.*\n/gm, '')
      .replace(/^( +AS) (\$_?\$)[\s\S]*?\2;$/gm, '$1 …;')
      .replace(/\n{2,}/g, '\n\n')
    // `npx vitest run --project postgres test/sql/catalogue.test.ts -u` renews it.
    await expect(schema).toMatchFileSnapshot('../golden/schema.sql')
  })
})
