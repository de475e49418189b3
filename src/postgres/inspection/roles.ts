import type { Queryable } from '../database.ts'

/** What the catalogue says of roles and the server: any login may read it. */

/** Who belongs to what, directly or through others. Who may only administer a role (from 16 on) is no member of it. */
const memberships = `
  with recursive direct as (
    select m.member, m.roleid from pg_auth_members m
    where coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
      or coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
  ), membership as (
    select member, roleid from direct
    union
    select m.member, d.roleid from membership m join direct d on d.member = m.roleid
  )`

export interface FoundRole {
  readonly name: string
  /** `LOGIN`, `SUPERUSER`, … */
  readonly powers: readonly string[]
}

/** The group roles of the schema. */
export const readGroupRoles = (db: Queryable): Promise<FoundRole[]> =>
  db.query(
    `select rolname::text as name, array_remove(array[
       case when rolcanlogin then 'LOGIN' end, case when rolsuper then 'SUPERUSER' end,
       case when rolbypassrls then 'BYPASSRLS' end, case when rolcreaterole then 'CREATEROLE' end,
       case when rolcreatedb then 'CREATEDB' end, case when rolreplication then 'REPLICATION' end], null) as powers
     from pg_roles where rolname like 'meander\\_%' order by 1`,
  )

/** The members of each of these roles, directly or through others: `member of role`. */
export const readMembers = async (
  db: Queryable,
  roles: readonly string[],
): Promise<{ member: string; role: string; login: boolean }[]> =>
  db.query(
    `${memberships}
     select u.rolname::text as member, g.rolname::text as role, u.rolcanlogin as login
     from membership m join pg_roles g on g.oid = m.roleid join pg_roles u on u.oid = m.member
     where g.rolname = any ($1) order by 2, 1`,
    [roles],
  )

/**
 * Logins in one of `groups` that hold what no policy could hold back: an attribute, or a role of PostgreSQL's or of
 * ours beside that group, or this database itself. One login may be several of `services` at once.
 */
export const readExcess = (
  db: Queryable,
  groups: readonly string[],
  services: readonly string[],
): Promise<{ login: string; group: string; power: string }[]> =>
  db.query(
    `${memberships}, seat as (
       select u.oid, u.rolname as login, g.oid as group_oid, g.rolname as group_name
       from membership m join pg_roles g on g.oid = m.roleid join pg_roles u on u.oid = m.member
       where g.rolname = any ($1) and u.rolcanlogin
     ), held as (
       select s.*, s.oid as held from seat s
       union
       select s.*, m.roleid from seat s join membership m on m.member = s.oid
     )
     select distinct h.login::text as login, h.group_name::text as "group", p.power
     from held h join pg_roles r on r.oid = h.held
     cross join lateral unnest(array_remove(array[
       case when r.rolsuper then 'SUPERUSER' end, case when r.rolbypassrls then 'BYPASSRLS' end,
       case when r.rolcreaterole then 'CREATEROLE' end, case when r.rolreplication then 'REPLICATION' end,
       case when r.oid not in (h.oid, h.group_oid) and r.rolname ~ '^(meander|pg)_'
         and (r.rolname <> all ($2) or h.group_name <> all ($2)) then r.rolname::text end,
       case when r.oid = (select d.datdba from pg_database d where d.datname = current_database())
         then 'the database itself' end], null)) as p (power)
     order by 1, 2, 3`,
    [groups, services],
  )

/** Rights that everything made later would start with, in the schema or by one who makes things there. */
export const readDefaultRights = async (db: Queryable, makers: readonly string[]): Promise<string[]> =>
  (
    await db.query<{ found: string }>(
      `select distinct concat_ws(' ', a.privilege_type, 'on',
         case d.defaclobjtype when 'r' then 'tables' when 'f' then 'functions' when 'S' then 'sequences'
           when 'T' then 'types' else 'schemas' end, 'of', pg_get_userbyid(d.defaclrole), 'to',
         case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee)::text end) as found
       from pg_default_acl d cross join lateral aclexplode(d.defaclacl) as a
       where (d.defaclnamespace = to_regnamespace('meander')
           or d.defaclnamespace = 0 and pg_get_userbyid(d.defaclrole) = any ($1))
         and a.grantee <> d.defaclrole order by 1`,
      [makers],
    )
  ).map(({ found }) => found)

/** Settings given to roles or databases that switch guards or policies off: `login: session_replication_role=replica`. */
export const readRoleSettings = async (db: Queryable): Promise<string[]> =>
  (
    await db.query<{ found: string }>(
      `select coalesce(pg_get_userbyid(nullif(s.setrole, 0)), 'everybody') || ': ' || one as found
       from pg_db_role_setting s cross join lateral unnest(s.setconfig) as one
       where one ~* '^session_replication_role=(?!origin)'
         and (s.setdatabase = 0 or s.setdatabase = (select oid from pg_database where datname = current_database()))
       order by 1`,
    )
  ).map(({ found }) => found)

/** What the functions of meander_signal need of PostgreSQL's own roles: to end connections, to tell since when a lock is held. */
const signalRoles = ['pg_signal_backend', 'pg_read_all_stats']

/** Those of them that it lacks. */
export const missingSignalRoles = async (db: Queryable): Promise<string[]> =>
  (
    await db.query<{ role: string }>(
      `select role from unnest($1::text[]) as role
       where not exists (select from pg_roles s where s.rolname = 'meander_signal' and pg_has_role(s.oid, role, 'member'))`,
      [signalRoles],
    )
  ).map(({ role }) => role)

export interface ServerFacts {
  readonly login: string
  /** `150018` */
  readonly versionNumber: number
  readonly version: string
  readonly preparedTransactions: number
  readonly replicationRole: string
  readonly standby: boolean
  readonly readOnly: boolean
  /** How many servers and tools read its WAL now. */
  readonly followers: number
  /** Whose word a COMMIT waits for; empty where for nobody's. */
  readonly synchronousStandbys: string
  /** Microseconds since 1970 by the server's clock. */
  readonly clock: number
}

/** The server as this session sees it. */
export const readServer = async (db: Queryable): Promise<ServerFacts> => {
  const [row] = await db.query<ServerFacts>(
    `select session_user::text as login, current_setting('server_version_num')::integer as "versionNumber",
       current_setting('server_version') as version,
       current_setting('max_prepared_transactions')::integer as "preparedTransactions",
       current_setting('session_replication_role') as "replicationRole", pg_is_in_recovery() as standby,
       current_setting('transaction_read_only')::boolean as "readOnly",
       (select count(*)::integer from pg_stat_replication) as followers,
       current_setting('synchronous_standby_names') as "synchronousStandbys",
       (extract(epoch from clock_timestamp()) * 1000000)::bigint as clock`,
  )
  if (!row) throw new Error('the server did not say what it is')
  return row
}
