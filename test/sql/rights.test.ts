import { beforeAll, expect, inject, it } from 'vitest'
import { peopledDatabase } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'

/**
 * Who may do what in the database, all of it, asked of the catalogue and held against `test/golden/rights.txt`.
 * What is new has a line there on purpose, or this is red.
 */

const server = postgresAt(inject('postgres'))
let database: string

beforeAll(async () => {
  database = await peopledDatabase(server)
})

const linesOf =
  (name: string) =>
  async (text: string, values: readonly unknown[] = []): Promise<string[]> =>
    (await server.query<{ line: string }>(text, values, name)).map(({ line }) => line)

/** Our roles but the owner, who may do everything with what is its own, and `public`, which is everybody. */
const roles = `(select rolname::text as role from pg_roles where rolname ~ '^meander_' and rolname <> 'meander_owner'
  union all select 'public')`

/** Who has a right, by whatever way but a group that is named itself; everybody is `public` alone. */
const holders = (test: (role: string) => string, who = roles): string => `
  case when ${test(`'public'`)} then 'public' else coalesce((
    select string_agg(r.role, ', ' order by r.role) from ${who} as r where ${test('r.role')} and not exists (
      select from pg_auth_members m where m.member::regrole::text = r.role and ${test('m.roleid::regrole::text')})), 'nobody') end`

/** What a role may do by any way with a relation: whole, or the columns in brackets. */
const onTable = `
  select r.role, string_agg(may.says, '  ' order by may.at) as may
  from ${roles} as r cross join lateral (
    select p.at, case
      when has_table_privilege(r.role, c.oid, p.name) then p.name
      when p.name in ('insert', 'select', 'update', 'references') then
        p.name || ' (' || (select string_agg(a.attname, ', ' order by a.attnum) from pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            and has_column_privilege(r.role, c.oid, a.attnum, p.name)) || ')' end as says
    from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']
      || case when current_setting('server_version_num')::integer >= 170000 then array['maintain'] end)
      with ordinality as p (name, at)
  ) as may
  where may.says is not null group by r.role`

const relations = `
  select concat_ws(E'\\n',
    format(E'\\n%s %s: owner %s%s',
      case c.relkind when 'r' then 'table' when 'v' then 'view' when 'p' then 'partitioned table' else 'relation' end,
      c.relname, c.relowner::regrole,
      case when c.relkind = 'v' then ', ' || array_to_string(c.reloptions, ', ') else format(', row level security %s%s',
        case when c.relrowsecurity then 'on' else 'off' end, case when c.relforcerowsecurity then ' and forced' end) end),
    (select string_agg(format('  %s  %s', rpad(m.role, 18), m.may), E'\\n' order by m.role) from (${onTable}) as m),
    (select string_agg(format('  rows of %s, %s: %s', array_to_string(p.roles, ', '), lower(p.cmd),
        regexp_replace(concat_ws(' | new: ', p.qual, p.with_check), '\\s+', ' ', 'g')), E'\\n' order by p.roles::text, p.cmd, p.policyname)
      from pg_policies p where p.schemaname = 'meander' and p.tablename = c.relname)) as line
  from pg_class c where c.relnamespace = 'meander'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
  order by c.relname`

const sequences = `
  select format('sequence %s: for %s', c.relname, ${holders((role) => `has_sequence_privilege(${role}, c.oid, 'usage, select, update')`)}) as line
  from pg_class c where c.relnamespace = 'meander'::regnamespace and c.relkind = 'S' order by c.relname`

const functions = `
  select format('  %s(%s): %s%s%s; for %s', p.proname,
    (select string_agg(t::regtype::text, ', ' order by at) from unnest(p.proargtypes::oid[]) with ordinality as u (t, at)),
    case when p.prosecdef then 'as ' else 'as the caller, owner ' end || p.proowner::regrole,
    case when p.provolatile = 'v' then ', writes' end,
    (select string_agg(', ' || replace(setting, 'search_path=pg_catalog, pg_temp', 'pinned'), '' order by setting)
      from unnest(p.proconfig) as setting),
    ${holders(
      (role) => `${role} <> p.proowner::regrole::text and has_function_privilege(${role}, p.oid, 'execute')`,
      `(select role from ${roles} as r union all select 'meander_owner')`,
    )}) as line
  from pg_proc p where p.pronamespace = 'meander'::regnamespace order by p.proname, p.oid`

const types = `
  select format('  %s: owner %s; for %s', t.typname, t.typowner::regrole, ${holders((role) => `has_type_privilege(${role}, t.oid, 'usage')`)}) as line
  from pg_type t left join pg_class c on c.oid = t.typrelid
  where t.typnamespace = 'meander'::regnamespace and t.typelem = 0 and (c.oid is null or c.relkind = 'c') order by t.typname`

const schema = `
  select format('schema meander: owner %s', nspowner::regrole) as line from pg_namespace where nspname = 'meander'
  union all
  select format('  %s for %s', p.name, ${holders((role) => `has_schema_privilege(${role}, 'meander', p.name)`)})
  from unnest(array['create', 'usage']) as p (name)
  union all
  (select format('  what %s makes%s: %s', d.defaclrole::regrole, ' in ' || nullif(d.defaclnamespace, 0)::regnamespace::text,
    array_to_string(d.defaclacl, ', ')) from pg_default_acl d order by 1)`

const triggers = `
  select format('  %s.%s: %s%s', t.tgrelid::regclass, t.tgname, t.tgfoid::regproc,
    case t.tgenabled when 'O' then '' when 'A' then ', always' else ', not always' end) as line
  from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where not t.tgisinternal and c.relnamespace = 'meander'::regnamespace order by 1`

/** What reaches beyond one thing: attributes and memberships. */
const powers = `
  select format('  %s:%s %s', r.rolname, (select string_agg(' ' || power || ',', '' order by power) from (values
      ('login', r.rolcanlogin), ('superuser', r.rolsuper), ('bypassrls', r.rolbypassrls), ('createrole', r.rolcreaterole),
      ('createdb', r.rolcreatedb), ('replication', r.rolreplication)) as p (power, has) where has),
    coalesce((select 'member of ' || string_agg(m.roleid::regrole || case when m.admin_option then ' (admin)' else '' end, ', '
      order by m.roleid::regrole::text) from pg_auth_members m where m.member = r.oid), 'member of nothing')) as line
  from pg_roles r where r.rolname ~ '^meander_' or r.rolname = any ($1) order by r.rolname`

/** A right that may be handed on to others. */
const handed = `
  select format('  %s: %s to %s', what, lower(a.privilege_type), a.grantee::regrole) as line
  from (
    select relname::text as what, relacl as acl, relowner as owner from pg_class where relnamespace = 'meander'::regnamespace
    union all select proname, proacl, proowner from pg_proc where pronamespace = 'meander'::regnamespace
    union all select typname, typacl, typowner from pg_type where typnamespace = 'meander'::regnamespace
    union all select nspname, nspacl, nspowner from pg_namespace where nspname = 'meander'
    union all select c.relname || '.' || t.attname, t.attacl, c.relowner from pg_attribute t
      join pg_class c on c.oid = t.attrelid where c.relnamespace = 'meander'::regnamespace
  ) as held cross join lateral aclexplode(held.acl) as a
  where a.is_grantable and a.grantee <> held.owner order by 1`

const logins = ['kari', 'auth', 'publisher', 'directory', 'admin', 'stranger']

const matrixOf = async (name: string): Promise<string> => {
  const lines = linesOf(name)
  return [
    '# Who may do what in schema meander; written by `npx vitest run --project postgres test/sql/rights.test.ts -u`.',
    '# meander_owner may do everything with what it owns; what is not named here, nobody else may.',
    '',
    'roles, and a login of each kind',
    ...(await lines(powers, [logins])),
    '',
    ...(await lines(schema)),
    ...(await lines(relations)),
    '',
    'triggers',
    ...(await lines(triggers)),
    '',
    'sequences',
    ...(await lines(sequences)),
    '',
    'types',
    ...(await lines(types)),
    '',
    'functions',
    ...(await lines(functions)),
    '',
    'what may be handed on',
    ...(await lines(handed)),
    '',
  ].join('\n')
}

it('is what the matrix says: every role, table, column, policy, type and function', async () => {
  await expect(await matrixOf(database)).toMatchFileSnapshot('../golden/rights.txt')
})

/** What the matrix would show of something that nobody looked at. */
it.each([
  [
    'a new function',
    'create function meander.peep() returns int language sql security definer return 1',
    '  peep(): as postgres, writes; for public',
  ],
  [
    'a column for an operator',
    'grant select (email) on meander.users to meander_operator with grant option',
    '  meander_operator    select (email)\n  users.email: select to meander_operator',
  ],
  [
    'a table that everybody may add to',
    'create table meander.drawer (id int); grant insert on meander.drawer to public',
    'table drawer: owner postgres, row level security off\n  public              insert',
  ],
  [
    'a policy',
    'create policy wide on meander.sessions for select to public using (true)',
    '  rows of public, select: true',
  ],
  [
    'a function that looks for names elsewhere',
    'alter function meander.whoami() reset search_path',
    'whoami(): as meander_guard, DateStyle=ISO, TimeZone=UTC; for',
  ],
  [
    'a sequence',
    'create sequence meander.numbers; grant usage on sequence meander.numbers to meander_auth',
    'sequence numbers: for meander_auth',
  ],
  [
    'a right to make things',
    'grant create on schema meander to meander_publisher',
    '  create for meander_publisher',
  ],
  [
    'a trigger that sleeps',
    'alter table meander.audit_log disable trigger audit_log_append_only',
    'audit_log_append_only: meander.forbid_change, not always',
  ],
])('would show %s', async (_, change, shown) => {
  const other = await peopledDatabase(server)
  await server.query(change, [], other)
  const before = (await matrixOf(database)).split('\n')
  const added = (await matrixOf(other)).split('\n').filter((line) => !before.includes(line))
  for (const line of shown.split('\n')) expect(added.join('\n')).toContain(line)
})
