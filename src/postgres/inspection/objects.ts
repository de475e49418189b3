import type { Queryable } from '../database.ts'
import { describePolicy, plainTrigger } from './manifest.ts'

/** What the catalogue says of the schema: any login may read it. */

export interface FoundFunction {
  readonly name: string
  readonly owner: string
  readonly definer: boolean
  readonly body: string
  readonly settings: readonly string[]
  /** `public` for everybody. */
  readonly grantees: readonly string[]
}

/** Every function of the schema; one name may come twice. */
export const readFunctions = (db: Queryable): Promise<FoundFunction[]> =>
  db.query(
    `select p.proname::text as name, pg_get_userbyid(p.proowner)::text as owner, p.prosecdef as definer,
       p.prosrc as body, coalesce(p.proconfig, '{}') as settings,
       array(select case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee)::text end
         from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner order by 1
       ) as grantees
     from pg_proc p where p.pronamespace = to_regnamespace('meander') order by 1`,
  )

export interface FoundTable {
  readonly name: string
  readonly view: boolean
  readonly owner: string
  readonly enabled: boolean
  readonly forced: boolean
  /** A view that looks with the rights of whoever asks. */
  readonly invoker: boolean
}

/** Every table and view of the schema. */
export const readTables = (db: Queryable): Promise<FoundTable[]> =>
  db.query(
    `select c.relname::text as name, c.relkind = 'v' as view, pg_get_userbyid(c.relowner)::text as owner,
       c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
       coalesce(c.reloptions::text, '') ~ 'security_invoker=(true|on)' as invoker
     from pg_class c
     where c.relnamespace = to_regnamespace('meander') and c.relkind in ('r', 'p', 'm', 'f', 'v') order by 1`,
  )

/** Every right on a table, view, sequence or column that is not its owner's: `table role RIGHT`, `table.column role RIGHT`. */
export const readTableRights = async (db: Queryable): Promise<string[]> =>
  (
    await db.query<{ found: string }>(
      `select concat_ws(' ', o.place, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee)::text end,
         a.privilege_type, case when a.is_grantable then 'WITH GRANT OPTION' end) as found
       from (
         select c.relname::text as place, c.relacl as acl, c.relowner as owner from pg_class c
         where c.relnamespace = to_regnamespace('meander')
         union all
         select c.relname || '.' || t.attname, t.attacl, c.relowner
         from pg_attribute t join pg_class c on c.oid = t.attrelid
         where c.relnamespace = to_regnamespace('meander') and t.attacl is not null
       ) as o
       cross join lateral aclexplode(o.acl) as a
       where a.grantee <> o.owner order by 1`,
    )
  ).map(({ found }) => found)

export interface FoundTrigger {
  readonly name: string
  readonly table: string
  /** As the manifest's. */
  readonly definition: string
  /** Whether it fires in an ordinary session. */
  readonly fires: boolean
  /** Made by PostgreSQL for a foreign key. */
  readonly internal: boolean
}

/** Every trigger on a table of the schema. */
export const readTriggers = async (db: Queryable): Promise<FoundTrigger[]> =>
  (
    await db.query<FoundTrigger>(
      `select t.tgname::text as name, c.relname::text as table, pg_get_triggerdef(t.oid) as definition,
         t.tgenabled in ('O', 'A') as fires, t.tgisinternal as internal
       from pg_trigger t join pg_class c on c.oid = t.tgrelid
       where c.relnamespace = to_regnamespace('meander') order by 1`,
    )
  ).map((found) => ({ ...found, definition: plainTrigger(found.definition) }))

/** Rewriting rules on tables of the schema: there is to be none. */
export const readRules = async (db: Queryable): Promise<string[]> =>
  (
    await db.query<{ name: string }>(
      `select r.rulename || ' on ' || c.relname as name from pg_rewrite r join pg_class c on c.oid = r.ev_class
       where c.relnamespace = to_regnamespace('meander') and r.rulename <> '_RETURN' order by 1`,
    )
  ).map(({ name }) => name)

/** Every policy by `table.policy`, as the manifest's. */
export const readPolicies = async (db: Queryable): Promise<Map<string, string>> => {
  const rows = await db.query<{
    name: string
    permissive: boolean
    roles: string[]
    command: string
    using: string | null
    check: string | null
  }>(
    `select tablename || '.' || policyname as name, permissive = 'PERMISSIVE' as permissive, roles::text[] as roles,
       cmd as command, qual as using, with_check as "check"
     from pg_policies where schemaname = 'meander' order by 1`,
  )
  return new Map(
    rows.map((row) => [row.name, `${row.permissive ? '' : 'restrictive '}${describePolicy(row)}`]),
  )
}

/** Indexes that PostgreSQL does not use, and constraints that it never checked. */
export const readInvalid = async (db: Queryable): Promise<string[]> =>
  (
    await db.query<{ name: string }>(
      `select 'index ' || c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
       where c.relnamespace = to_regnamespace('meander') and not (i.indisvalid and i.indisready)
       union all
       select 'constraint ' || k.conname from pg_constraint k
       where k.connamespace = to_regnamespace('meander') and not k.convalidated order by 1`,
    )
  ).map(({ name }) => name)

/** Who may use the schema or make things in it, but its owner: `role RIGHT`. */
export const readSchemaRights = async (db: Queryable): Promise<string[]> =>
  (
    await db.query<{ found: string }>(
      `select concat_ws(' ', case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee)::text end,
         a.privilege_type) as found
       from pg_namespace n cross join lateral aclexplode(n.nspacl) as a
       where n.nspname = 'meander' and a.grantee <> n.nspowner
       union all
       select pg_get_userbyid(n.nspowner) || ' OWNER' from pg_namespace n where n.nspname = 'meander' order by 1`,
    )
  ).map(({ found }) => found)
