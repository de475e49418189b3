import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { organizations, people, peopledDatabase } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'

/**
 * How the statements inside the hot functions are carried out, on a few thousand rows: a lost index shows here, and not
 * first at ten million. Tables are read whole only where nothing else is left, so that the size of a small one decides
 * nothing. `npx vitest run --project postgres test/sql/plans.test.ts -u` renews the files in `test/golden/plans`.
 */

const server = postgresAt(inject('postgres'))
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
let database: string
let client: pg.Client
let version: string

beforeAll(async () => {
  database = await peopledDatabase(server)
  await server.query(readFileSync(here('plans-seed.sql'), 'utf8'), [], database)
  await server.query('vacuum analyze', [], database)
  client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database, ssl: false })
  await client.connect()
  await client.query(`
    load 'auto_explain';
    set auto_explain.log_min_duration = 0;
    set auto_explain.log_nested_statements = on;
    set auto_explain.log_format = json;
    set enable_seqscan = off;
    set max_parallel_workers_per_gather = 0;
    set jit = off;
    -- Whether a plan is kept for all values depends on what ran before.
    set plan_cache_mode = force_custom_plan;
    set timezone = 'UTC'`)
  const { rows } = await client.query("select current_setting('server_version') as version")
  version = rows[0].version
  await client.query('set session authorization gro')
  for (const name of ['list_sessions', 'session_stats'])
    await client.query(`select meander.record_intent(null, '${name}', '{}', 'plans', null)`)
}, 120_000)
afterAll(() => client?.end())

interface Node {
  readonly 'Node Type': string
  readonly Plans?: readonly Node[]
  readonly [key: string]: unknown
}

/**
 * What stands in a condition is not the same in every run, nor is a plan's numbering; and of two unique indexes that
 * begin with the id the planner takes either.
 */
const withoutValues = (text: unknown): string =>
  String(text)
    .replace(/'(?:[^']|'')*'(?:::[a-z ]+(?:\[\])?)?|\$\d+/g, '?')
    .replace(/\b(sessions|support_access_grants)_key\b/g, '$1_pkey')

const readsTable = (node: Node): boolean =>
  node['Relation Name'] !== undefined || (node.Plans ?? []).some(readsTable)

/** Whether an index is read by way of a bitmap is decided by a hair here, and no matter. */
const withoutBitmap = (node: Node): Node => {
  const index = node.Plans?.find((child) => child['Node Type'] === 'Bitmap Index Scan')
  if (node['Node Type'] !== 'Bitmap Heap Scan' || !index) return node
  const rest = (node.Plans ?? []).filter((child) => child !== index)
  return { ...index, 'Node Type': 'Index Scan', 'Relation Name': node['Relation Name'], Plans: rest }
}

/** A node in a line: what it is, which index and table it reads, and by what it finds its rows in the index. */
const drawn = (whole: Node, depth = 1): string => {
  const node = withoutBitmap(whole)
  const said = [
    node['Subplan Name'] && `${String(node['Subplan Name']).replace(/ \d.*/, '')}:`,
    [node['Node Type'] === 'ModifyTable' ? node.Operation : node['Node Type'], node['Join Type']]
      .filter(Boolean)
      .join(' ')
      .replace('Index Only Scan', 'Index Scan'),
    node['Index Name'] && `using ${node['Index Name']}`,
    node['Relation Name'] ?? node['CTE Name'] ?? node['Function Name'],
    node['Index Cond'],
    node['Sort Key'] && `by ${(node['Sort Key'] as string[]).join(', ')}`,
  ]
  const line = `${'  '.repeat(depth)}${withoutValues(said.filter(Boolean).join(' '))}`
  const children = (node.Plans ?? []).filter(
    (child) => child['Subplan Name'] === undefined || readsTable(child),
  )
  return [line, ...children.map((child) => drawn(child, depth + 1))].join('\n')
}

/** Who may do what is asked everywhere; how, stands in one file. */
const reach = readdirSync(here('../../src/postgres/functions/reach')).map((file) => file.replace('.sql', ''))

/** The plans of all statements that read tables in these calls of `login`, each once; what it changes is undone. */
const plansOf = async (login: string, ...calls: readonly string[]): Promise<string> => {
  const plans = new Set<string>()
  const listen = ({
    message = '',
    where = '',
  }: {
    message?: string | undefined
    where?: string | undefined
  }) => {
    const [, json] = /plan:\n(\{[\s\S]*\})$/.exec(message) ?? []
    if (json === undefined) return
    const { 'Query Text': text, Plan: plan } = JSON.parse(json) as { 'Query Text': string; Plan: Node }
    const [, name = ''] = /function "?(?:meander\.)?(\w+)/.exec(where) ?? []
    // All grants are looked at there, by one index or another: which, is decided by a hair.
    if (name === 'visible_staff' || (login !== 'gro' && reach.includes(name)) || !readsTable(plan)) return
    const statement = withoutValues(text).replace(/--.*$/gm, '').replace(/\s+/g, ' ').trim()
    plans.add(`${name && `${name}: `}${statement.slice(0, 100)}\n${drawn(plan)}\n`)
  }
  await client.query(`reset session authorization; set session authorization ${login}`)
  await client.query('begin')
  client.on('notice', listen)
  try {
    await client.query('set local client_min_messages = log')
    for (const call of calls) await client.query(call)
  } finally {
    client.off('notice', listen)
    await client.query('rollback')
  }
  return [...plans].join('\n')
}

const member = (n: number): string => `md5('member ${n}')::uuid`
const session = (person: number, n: number): string => `md5('session ${person} ${n}')::uuid`
const newToken = (of: string, parent: string): string =>
  `insert into meander.refresh_tokens (id, session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at)
   values (gen_random_uuid(), ${of}, '${organizations.hlf}', ${parent}, sha256(uuid_send(gen_random_uuid())), gen_random_uuid(), now() + interval '10 minutes')`
const why = `p_reason => 'lost', p_ticket => null, p_request_id => null`

/** Each file, and the calls in it; the login comes first. */
const hot: Readonly<Record<string, readonly [login: string, ...calls: string[]]>> = {
  list_sessions: ['kari', `select * from meander.list_sessions('{}', 'last-activity', null, null, 50)`],
  'list_sessions, newest logins': [
    'kari',
    `select * from meander.list_sessions('{}', 'created', null, null, 50)`,
  ],
  'list_sessions, of an address': [
    'kari',
    `select * from meander.list_sessions('{"ip": "10.0.0.16/30", "state": "any"}', 'last-activity', null, null, 50)`,
  ],
  'list_sessions, of a person': [
    'kari',
    `select * from meander.list_sessions('{"user": "member3@hlf.example"}', 'last-activity', null, null, 50)`,
  ],
  'list_sessions, under grants': [
    'gro',
    `select * from meander.list_sessions('{}', 'last-activity', null, null, 50)`,
  ],
  list_own_sessions: [
    'kari',
    `select * from meander.list_own_sessions('{}', 'last-activity', null, null, 50)`,
  ],
  get_session: ['kari', `select * from meander.get_session(${session(3, 1)})`],
  session_stats: ['kari', `select meander.session_stats('{}')`],
  list_session_changes: ['kari', `select meander.list_session_changes('{}', null, '{}', null, null, 100)`],
  revoke_sessions: [
    'kari',
    `select meander.revoke_sessions(array[${session(3, 1)}, ${session(4, 2)}], ${why})`,
  ],
  offboard_users: [
    'kari',
    `select meander.offboard_users(array[${member(5)}, ${member(6)}], array['left', 'left'], array[null, null], null)`,
  ],
  revoke_grants: ['kari', `select meander.revoke_grants(array[md5('grant hlf')::uuid], ${why})`],
  sweep_sessions: ['kari', `select meander.sweep_sessions(null, null, 100, ${why})`],
  purge_sessions: ['postgres', `select meander.purge_sessions('P1D', null, 100, 'old', null)`],
  verify_users: ['kari', `select meander.verify_users(array[${member(5)}, ${member(6)}])`],
  list_users: ['kari', `select * from meander.list_users('{"search": "member1"}', null, null, 50)`],
  list_audit_events: [
    'kari',
    `select * from meander.list_audit_events('{}', null, null, null, 50)`,
    `select * from meander.list_audit_events('{"target": "${people.ola.id}"}', null, null, null, 50)`,
    `select * from meander.list_audit_events('{"ticket": "HELP-1"}', null, null, null, 50)`,
  ],
  read_audit_chain: [
    'kari',
    `select * from meander.read_audit_chain('{"organization": "hlf"}', 100, 1, 1000)`,
    'select * from meander.last_checkpoints()',
  ],
  list_grants: ['kari', `select * from meander.list_grants('{"state": "any"}', null, null, 50)`],
  // By what many have, and by what few have.
  get_trace: [
    'kari',
    `select meander.get_trace('10.0.0.16', 'P30D', null)`,
    `select meander.get_trace(${session(3, 5)}::text, 'P30D', null)`,
  ],
  'the publisher': [
    'publisher',
    'select * from meander.claim_blocklist(100)',
    'select * from meander.list_blocked_tokens(true, null, null, null, 100)',
    'select * from meander.blocklist_status()',
  ],
  'what was ended': [
    'kari',
    `select * from meander.claim_tokens(array[${session(3, 5)}], 100, null, null)`,
    `select meander.residual_access(array[${session(3, 5)}])`,
  ],
  'a login, a refresh, activity, a logout': [
    'auth',
    `insert into meander.sessions (id, user_id, organization_id, kind, expires_at)
     values ('${people.mari.id}', '${people.mari.id}', '${organizations.hlf}', 'mobile', now() + interval '60 days')`,
    newToken(`'${people.mari.id}'`, 'null'),
    `update meander.refresh_tokens set rotated_at = now() where session_id = '${people.mari.id}'`,
    newToken(
      `'${people.mari.id}'`,
      `(select id from meander.refresh_tokens where session_id = '${people.mari.id}')`,
    ),
    `update meander.sessions set last_activity_at = clock_timestamp() where id = '${people.mari.id}'`,
    `select meander.end_session('${people.mari.id}', 'logout')`,
  ],
}

describe('the plans of the hot functions', () => {
  const plans = new Map<string, string>()

  it.each(Object.entries(hot))('%s', async (name, [login, ...calls]) => {
    const found = await plansOf(login, ...calls)
    plans.set(name, found)
    expect(found).not.toBe('')
    // What a newer planner makes of the same statements is its own.
    if (version.startsWith('15.')) await expect(found).toMatchFileSnapshot(`../golden/plans/${name}.txt`)
  })

  it('use every index that is there for speed', async () => {
    if (!version.startsWith('15.')) return
    const { rows } = await client.query<{ name: string }>(
      `select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
       where c.relnamespace = 'meander'::regnamespace and not i.indisunique order by 1`,
    )
    const used = [...plans.values()].join()
    expect(rows.map(({ name }) => name).filter((name) => !used.includes(` using ${name} `))).toEqual([])
  })

  it('show that an index is gone', async () => {
    const list = () =>
      plansOf('kari', "select * from meander.list_sessions('{}', 'last-activity', null, null, 50)")
    const before = await list()
    expect(before).toContain('sessions_live_by_activity')
    await server.query('drop index meander.sessions_live_by_activity', [], database)
    expect(await list()).not.toContain('sessions_live_by_activity')
  })
})
