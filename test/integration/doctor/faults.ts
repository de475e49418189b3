/** The faults that `doctor` has to find, one at a time: what each is, how it comes about, and which check tells. */

import { randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { password } from '../../support/as-login.ts'
import { startPgbouncer } from '../../support/pgbouncer.ts'
import { type PostgresServer, postgresAt } from '../../support/postgres.ts'
import type { PrivateRedis } from '../../support/redis.ts'
import { startProxy } from '../../support/tcp-proxy.ts'

/** One run of `doctor`, as a fault may change it. */
export interface Visit {
  readonly login: string
  readonly server: PostgresServer
  readonly redis: string | undefined
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly argv?: readonly string[]
  readonly now?: () => Date
}

export interface Scene {
  readonly server: PostgresServer
  readonly database: string
  readonly redis: PrivateRedis
  /** As the superuser. */
  sql(text: string): Promise<unknown>
}

export interface Fault {
  readonly name: string
  /** The one finding that it makes. */
  readonly check: string
  /** Findings that it cannot but make as well. */
  readonly also?: readonly string[]
  /** kari when left out: what she can see needs no administrator. */
  readonly login?: string
  /** Statements of the superuser, or more; what it returns changes the visit. */
  readonly plant: string | ((scene: Scene) => Promise<Partial<Visit> | undefined>)
  /** The fault gets a database of its own: so it does where statements come without an `undo`. */
  readonly copy?: boolean
  /** Takes back what is not the database's own. */
  readonly undo?: string | ((scene: Scene) => Promise<unknown>)
}

const schema: Fault[] = [
  {
    name: 'row level security is switched off on a table',
    check: 'row level security',
    plant: 'alter table meander.sessions disable row level security',
  },
  {
    name: 'row level security does not bind the owner',
    check: 'row level security',
    plant: 'alter table meander.users no force row level security',
  },
  {
    name: 'a table belongs to the superuser',
    check: 'row level security',
    plant: 'alter table meander.refresh_tokens owner to postgres',
  },
  {
    name: 'a policy is gone',
    check: 'policies',
    plant: 'drop policy functions_update on meander.sessions',
  },
  {
    name: 'a policy lets everything through',
    check: 'policies',
    plant: 'alter policy functions_select on meander.sessions using (true)',
  },
  {
    name: 'a policy of somebody else’s stands beside ours',
    check: 'policies',
    plant: 'create policy reports on meander.sessions for select to stranger using (true)',
  },
  {
    name: 'everybody may execute a function',
    check: 'function rights',
    plant: 'grant execute on function meander.end_sessions to public',
  },
  {
    name: 'operators may execute an inner function',
    check: 'function rights',
    plant: 'grant execute on function meander.append_audit_events to meander_operator',
  },
  {
    name: 'a function looks for names where its caller says',
    check: 'search paths',
    plant: 'alter function meander.get_session reset search_path',
  },
  {
    name: 'a function runs with the superuser’s rights',
    check: 'function owners',
    plant: 'alter function meander.list_sessions owner to postgres',
  },
  {
    name: 'a guard was hollowed out',
    check: 'functions',
    plant: `create or replace function meander.guard_session_insert() returns trigger
      language plpgsql security definer set search_path = pg_catalog, pg_temp as 'begin return new; end'`,
  },
  {
    name: 'an act would wait for a lock for ever',
    check: 'functions',
    plant: 'alter function meander.revoke_sessions reset lock_timeout',
  },
  {
    name: 'a function was added',
    check: 'functions',
    plant: `create function meander.peek() returns bigint language sql security definer
        set search_path = pg_catalog, pg_temp as 'select count(*) from meander.sessions';
      alter function meander.peek owner to meander_functions;
      revoke execute on function meander.peek from public`,
  },
  {
    name: 'a guard is switched off',
    check: 'guards',
    plant: 'alter table meander.refresh_tokens disable trigger refresh_tokens_guard_insert',
  },
  {
    name: 'the record may be changed',
    check: 'guards',
    plant: 'drop trigger audit_log_append_only on meander.audit_log',
  },
  {
    name: 'a trigger was added',
    check: 'guards',
    plant: `create function public.copy_out() returns trigger language plpgsql as 'begin return new; end';
      create trigger copy_out after insert on meander.refresh_tokens for each row execute function public.copy_out()`,
  },
  {
    name: 'foreign keys are switched off',
    check: 'guards',
    plant: 'alter table meander.support_access_grants disable trigger all',
  },
  {
    name: 'a rewriting rule swallows the record',
    check: 'rewriting rules',
    plant: 'create rule forget as on insert to meander.audit_log do instead nothing',
  },
  {
    name: 'an operator reads a table',
    check: 'table rights',
    plant: 'grant select on meander.sessions to kari',
  },
  {
    name: 'everybody reads a column',
    check: 'table rights',
    plant: 'grant select (email) on meander.users to public',
  },
  {
    name: 'a role of ours may truncate the record',
    check: 'table rights',
    plant: 'grant truncate on meander.audit_log to meander_functions',
  },
  {
    name: 'a role of ours lacks a right',
    check: 'table rights',
    plant: 'revoke insert on meander.audit_log from meander_audit',
  },
  {
    name: 'an operator may make things in the schema',
    check: 'schema rights',
    plant: 'grant create on schema meander to kari',
  },
  {
    name: 'everything new is open to somebody',
    check: 'default rights',
    plant: 'alter default privileges for role meander_owner grant select on tables to stranger',
  },
  {
    name: 'a view sees with its owner’s rights',
    check: 'views',
    plant: 'alter view meander.session_details set (security_invoker = false)',
  },
  {
    name: 'an index is invalid',
    check: 'indexes',
    plant: `update pg_index set indisvalid = false where indexrelid = 'meander.sessions_user'::regclass`,
  },
  {
    name: 'the schema is older than the tool',
    check: 'schema version',
    plant: 'delete from meander.migrations where version = (select max(version) from meander.migrations)',
  },
  {
    name: 'the schema is newer than the tool',
    check: 'schema version',
    plant: `insert into meander.migrations (version, name, sha256, tool_version) values (9999, 'x', 'x', 'x')`,
  },
  {
    name: 'there is no schema',
    check: 'schema version',
    plant: 'drop schema meander cascade',
  },
  {
    name: 'the database takes no changes',
    check: 'writable',
    plant: `do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$`,
  },
  {
    name: 'a function’s file was not applied',
    check: 'schema files',
    login: 'admin',
    plant: `update meander.schema_files set sha256 = '' where path like '%/get_session.sql'`,
  },
  {
    name: 'a column was added by hand',
    check: 'schema drift',
    login: 'admin',
    plant: 'alter table meander.sessions add column note text',
  },
]

const record: Fault[] = [
  {
    name: 'the end of the record was cut off',
    check: 'audit heads',
    plant: `set session_replication_role = 'replica'; delete from meander.audit_log a
      using meander.organizations o where o.id = a.organization_id and o.slug = 'hlf'
        and a.seq = (select max(seq) from meander.audit_log where organization_id = o.id)`,
  },
  {
    name: 'the head of a record was set back',
    check: 'audit heads',
    login: 'admin',
    plant: `update meander.audit_heads set seq = seq - 1 where seq > 1`,
  },
]

const roles: Fault[] = [
  {
    name: 'an operator’s login gets past policies',
    check: 'login powers',
    plant: 'alter role nils bypassrls',
    undo: 'alter role nils nobypassrls',
  },
  {
    name: 'an operator’s login makes roles',
    check: 'login powers',
    plant: 'alter role nils createrole',
    undo: 'alter role nils nocreaterole',
  },
  {
    name: 'an operator’s login reads everything, through a role of a role',
    check: 'login powers',
    plant: `create role analysts; create role readers in role pg_read_all_data;
      grant readers to analysts; grant analysts to nils`,
    undo: 'drop role analysts; drop role readers',
  },
  {
    name: 'an operator’s login runs programs on the server',
    check: 'login powers',
    plant: 'grant pg_execute_server_program to nils',
    undo: 'revoke pg_execute_server_program from nils',
  },
  {
    name: 'the Authentication Module replicates',
    check: 'login powers',
    plant: 'alter role auth replication',
    undo: 'alter role auth noreplication',
  },
  {
    name: 'a group role can log in',
    check: 'group roles',
    plant: 'alter role meander_functions login',
    undo: 'alter role meander_functions nologin',
  },
  {
    name: 'somebody is a member of a role that owns functions',
    check: 'owning roles',
    plant: 'grant meander_guard to stranger',
    undo: 'revoke meander_guard from stranger',
  },
  {
    name: 'connections cannot be ended',
    check: 'ending connections',
    plant: 'revoke pg_signal_backend from meander_signal',
    undo: 'grant pg_signal_backend to meander_signal',
  },
  {
    name: 'no guard fires for one login',
    check: 'role settings',
    plant: `alter role auth set session_replication_role = 'replica'`,
    undo: 'alter role auth reset session_replication_role',
  },
  {
    name: 'operators are bound to the logins of another cluster',
    check: 'operators’ logins',
    login: 'admin',
    plant: 'update meander.operators set login_oid = (login_oid::bigint + 1000000)::oid',
  },
  {
    name: 'an operator’s login is gone',
    check: 'operators’ logins',
    login: 'admin',
    plant: `create role brief login; select meander.add_operator('brief', 'kari@hlf.example', null); drop role brief`,
  },
  {
    name: 'the login is nobody’s',
    check: 'login',
    plant: async () => ({ login: 'stranger' }),
  },
]

/** Blocked tokens as they may stand in PostgreSQL. */
const blocked = (published: string, age: string): string => `
  insert into meander.sessions (id, user_id, organization_id, kind, expires_at)
    select gen_random_uuid(), u.id, u.organization_id, 'mobile', now() + interval '1 day'
    from meander.users u where u.email = 'mari@hlf.example';
  insert into meander.token_blocklist (jti, session_id, organization_id, expires_at, created_at, published_at)
    select gen_random_uuid(), s.id, s.organization_id, now() + interval '10 minutes', now() - interval '${age}', ${published}
    from meander.sessions s`

const redis: Fault[] = [
  {
    name: 'blocked tokens wait, and nobody carries them',
    check: 'pending blocklist',
    plant: blocked('null', '5 minutes'),
  },
  {
    name: 'the platform reads PostgreSQL, but a Redis is configured',
    check: 'blocklist mode',
    plant: `update meander.installation set blocklist_mode = 'database'`,
  },
  {
    name: 'the publisher has no Redis',
    check: 'blocklist mode',
    plant: async () => ({ login: 'publisher', redis: undefined }),
  },
  {
    name: 'Redis drops keys when memory is short',
    check: 'Redis eviction policy',
    plant: async (scene) => void (await scene.redis.cli('config', 'set', 'maxmemory-policy', 'allkeys-lru')),
    undo: (scene) => scene.redis.cli('config', 'set', 'maxmemory-policy', 'noeviction'),
  },
  {
    name: 'Redis is full',
    check: 'Redis memory',
    plant: async (scene) => void (await scene.redis.cli('config', 'set', 'maxmemory', '1mb')),
    undo: (scene) => scene.redis.cli('config', 'set', 'maxmemory', '0'),
  },
  {
    name: 'a key never ends',
    check: 'Redis expiry',
    plant: async (scene) => void (await scene.redis.cli('set', 'meander:blocklist:jti:someone', 'x')),
    undo: (scene) => scene.redis.cli('flushall'),
  },
  {
    name: 'Redis was emptied',
    check: 'Redis canary',
    also: ['blocklist drift'],
    plant: blocked('now()', '1 minute'),
  },
  {
    name: 'Redis came back with an old snapshot',
    check: 'blocklist drift',
    copy: true,
    plant: async (scene) => {
      await scene.sql(blocked('now()', '1 minute'))
      await scene.redis.cli('set', 'meander:blocklist:canary', 'x')
      return undefined
    },
    undo: (scene) => scene.redis.cli('flushall'),
  },
  {
    name: 'somebody else blocks tokens in Redis',
    check: 'blocklist drift',
    login: 'admin',
    plant: async (scene) =>
      void (await scene.redis.cli('set', `meander:blocklist:jti:${randomUUID()}`, 'x', 'px', '60000')),
    undo: (scene) => scene.redis.cli('flushall'),
  },
  {
    name: 'Redis is a replica',
    check: 'Redis writable',
    plant: async (scene) => void (await scene.redis.cli('replicaof', '127.0.0.1', '1')),
    undo: (scene) => scene.redis.cli('replicaof', 'no', 'one'),
  },
  {
    name: 'Redis is away',
    check: 'Redis reachable',
    plant: async () => ({ redis: 'redis://127.0.0.1:1' }),
  },
  {
    name: 'Redis refuses the password',
    check: 'Redis reachable',
    plant: async ({ redis: { port } }) => ({ redis: `redis://nobody:wrong@127.0.0.1:${port}` }),
  },
]

/** A name of this machine that does not look like one: the tool takes it for a remote host. */
const far = '127.1'

/** Files, proxies and poolers that the visit goes by; `close` ends them. */
const opened: { close(): unknown }[] = []
const closeAll = async () => {
  for (const one of opened.splice(0)) await one.close()
}

/** A way to `port` on which whatever comes back is read, and may be written otherwise, byte for byte. */
const falsified = async (port: number, change: (text: string) => string) => {
  const proxy = await startProxy({ host: '127.0.0.1', port })
  opened.push(proxy)
  proxy.onResponse = (bytes) => {
    bytes.write(change(bytes.toString('latin1')), 'latin1')
    return 'pass'
  }
  return proxy
}

/** A file of this name and mode, alone in a folder that goes with it. */
const written = (name: string, text: string, mode: number): string => {
  const folder = mkdtempSync(join(tmpdir(), 'meanderctl-doctor-'))
  opened.push({ close: () => rmSync(folder, { recursive: true }) })
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const way: Fault[] = [
  {
    name: 'PostgreSQL is away',
    check: 'connection',
    plant: async ({ server }) => ({ server: postgresAt({ ...server, port: 1 }) }),
  },
  {
    name: 'PostgreSQL refuses the login',
    check: 'connection',
    plant: async () => ({ login: 'nobody' }),
  },
  {
    name: 'a pooler in between mixes sessions',
    check: 'pooler',
    also: ['connection'],
    plant: async ({ server }) => {
      const pooler = await startPgbouncer(server, { mode: 'transaction' })
      opened.push(pooler)
      return { server: postgresAt({ ...server, port: pooler.port }) }
    },
    undo: closeAll,
  },
  {
    name: 'a pooler in between logs everybody in as one',
    check: 'pooler',
    also: ['connection'],
    plant: async ({ server }) => {
      const pooler = await startPgbouncer(server, { mode: 'session', login: 'postgres' })
      opened.push(pooler)
      return { server: postgresAt({ ...server, port: pooler.port }) }
    },
    undo: closeAll,
  },
  {
    name: 'a remote PostgreSQL is spoken to without TLS',
    check: 'TLS',
    plant: async ({ server }) => ({
      server: postgresAt({ ...server, host: far }),
      env: { PGSSLMODE: 'disable' },
    }),
  },
  {
    name: 'a remote Redis is spoken to without TLS',
    check: 'Redis TLS',
    plant: async ({ redis: { port } }) => ({
      redis: `redis://${far}:${port}`,
      env: { MEANDERCTL_ALLOW_PLAINTEXT_REDIS: '1' },
    }),
  },
  {
    name: 'PostgreSQL lacks fixes of security holes',
    check: 'PostgreSQL version',
    plant: async ({ server }) => {
      const proxy = await falsified(server.port, (text) =>
        text.replace(/(?<=\D)(1[5-8]00)\d\d(?!\d)/g, '$100'),
      )
      return { server: postgresAt({ ...server, port: proxy.port }) }
    },
    undo: closeAll,
  },
  {
    name: 'Redis is too old',
    check: 'Redis version',
    also: ['Redis reachable'],
    plant: async (scene) => {
      const proxy = await falsified(scene.redis.port, (text) =>
        text.replace(/redis_version:\d/, 'redis_version:6'),
      )
      return { redis: `redis://127.0.0.1:${proxy.port}` }
    },
    undo: closeAll,
  },
  {
    name: 'the clock of this machine is wrong',
    check: 'clock of this machine',
    plant: async () => ({ now: () => new Date(Date.now() - 600_000) }),
  },
  {
    name: 'the clock of Redis is wrong',
    check: 'clock of Redis',
    plant: async (scene) => {
      // TIME answers with seconds in ten digits.
      const proxy = await falsified(scene.redis.port, (text) =>
        text.replace(/(?<=\$10\r\n)\d{10}/, (seconds) => String(Number(seconds) + 3_600)),
      )
      return { redis: `redis://127.0.0.1:${proxy.port}` }
    },
    undo: closeAll,
  },
  {
    name: 'everybody may read the file with the passwords',
    check: 'files with secrets',
    plant: async ({ server, database }) => ({
      env: { DATABASE_URL: undefined },
      argv: ['--env-file', written('env', `DATABASE_URL=${server.url('kari', database, password)}\n`, 0o644)],
    }),
    undo: closeAll,
  },
  {
    name: 'everybody may read the signing key',
    check: 'signing key',
    plant: async () => ({ env: { MEANDERCTL_SIGNING_KEY_FILE: written('key', 'not looked at', 0o644) } }),
    undo: closeAll,
  },
  {
    name: 'everybody may read the key for Redis',
    check: 'files with secrets',
    plant: async () => ({
      redis: undefined,
      env: {
        REDIS_CLUSTER_NODES: '127.0.0.1:1',
        REDIS_TLS_CERT: written('redis.crt', 'not looked at', 0o644),
        REDIS_TLS_KEY: written('redis.key', 'not looked at', 0o640),
      },
    }),
    also: ['Redis reachable'],
    undo: closeAll,
  },
]

/** In the order in which they are planted. */
export const faults: readonly Fault[] = [...schema, ...record, ...roles, ...redis, ...way]
