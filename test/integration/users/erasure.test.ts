import { beforeAll, describe, expect, inject, it } from 'vitest'
import { asLogin } from '../../support/as-login.ts'
import { everythingOf } from '../../support/bystanders.ts'
import { people, peopledDatabase, seedGrant, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'
import { chainBreaks } from '../../support/users.ts'

/** The sequence of docs/erasure.md: whose data is erased is nowhere any more, and the record of it is whole. */

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const { id } = people.ola
const email = 'oline.utsletta@hlf.example'
const because = ['--reason', 'erasure request', '--ticket', 'DPO-17', '--yes']
let database: string
let bystander: string

const tool = (login: string, ...argv: string[]) => run(server, database, login, argv, { redis })
const succeeds = async (login: string, ...argv: string[]) => {
  const ran = await tool(login, ...argv)
  expect({ argv, code: ran.code, stderr: ran.code === 0 ? '' : ran.stderr }).toEqual({
    argv,
    code: 0,
    stderr: '',
  })
  return ran
}
const root = (text: string) => server.query(text, [], database)
const directory = async (text: string, values: readonly unknown[]) => {
  const login = await asLogin(server, database, 'directory')
  await login.rows(text, values)
  await login.close()
}

/** The tables in which any of these words stands. */
const tablesWith = async (...words: string[]): Promise<string[]> => {
  const tables = await server.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'meander'::regnamespace and relkind = 'r' order by 1`,
    [],
    database,
  )
  const found: string[] = []
  for (const { name } of tables) {
    const rows = await server.query(
      `select 1 from meander.${name} t where lower(t::text) ~ any ($1) limit 1`,
      [words.map((word) => word.toLowerCase())],
      database,
    )
    if (rows.length > 0) found.push(name)
  }
  return found
}
const hers = ['oline', 'utsletta', '203\\.0\\.113\\.77']

beforeAll(async () => {
  database = await peopledDatabase(server)
  await directory('update meander.users set email = $1, display_name = $2 where id = $3', [
    email,
    'Oline Utsletta',
    id,
  ])
  const [first] = await seedSessions(server, database, [
    { person: 'ola', chain: 3, deviceName: 'Oline’s iPhone', ip: '203.0.113.77', userAgent: 'Oline/1.0' },
    { person: 'ola', kind: 'portal', chain: 0, deviceName: 'Oline’s iPad', ip: '203.0.113.77' },
    { person: 'mari' },
    { person: 'per', deviceName: 'Per’s phone' },
  ])
  bystander = await everythingOf(server, database, 'nhf')

  // A life on the platform, with everything that may leave a trace of her name.
  await seedGrant(server, database, 'gro', 'hlf')
  await succeeds('gro', 'users', 'show', email)
  await succeeds('gro', 'users', 'list', '--search', 'Oline Uts')
  await succeeds('gro', 'sessions', 'list', '--user', email.toUpperCase())
  await succeeds('gro', 'trace', email)
  await succeeds(
    'gro',
    'sessions',
    'revoke',
    first?.id ?? '',
    '--request-id',
    crypto.randomUUID(),
    ...because,
  )
  await tool('gro', 'users', 'show', 'oline.utsletta@elsewhere.example')
  await tool('kari', 'grants', 'create', '--to', email, '--for', '1h', ...because)
  await tool(
    'kari',
    'grants',
    'create',
    '--to',
    'oline.utsletta@elsewhere.example',
    '--for',
    '1h',
    ...because,
  )
  await succeeds('kari', 'users', 'sign-out', email, '--request-id', crypto.randomUUID(), ...because)
  expect(await tablesWith(...hers)).toEqual(['intents', 'requests', 'sessions', 'users'])
})

describe('erasing a user', () => {
  it('1: her access is ended, and that is proven before anything is erased', async () => {
    expect((await tool('kari', 'users', 'verify', id, '--offboarded')).code).toBe(7)
    await succeeds('kari', 'users', 'offboard', id, ...because)
    await succeeds('kari', 'users', 'verify', id, '--offboarded')
  })

  it('2: the directory takes her name away, and nobody else can', async () => {
    const statement = `update meander.users set email = 'erased-' || id || '@erased.invalid', display_name = 'Erased user'
      where id = $1`
    for (const login of ['kari', 'gro', 'auth', 'publisher', 'admin']) {
      const other = await asLogin(server, database, login)
      // The administrator may write, and its policies show it nobody.
      const changed = await other.rows(`${statement} returning 1`, [id]).catch(({ code }) => code)
      expect({ login, changed }).toEqual({ login, changed: login === 'admin' ? [] : '42501' })
      await other.close()
    }
    await directory(statement, [id])
    expect(await tablesWith(...hers)).toEqual(['intents', 'requests', 'sessions'])
  })

  it('3: the purge takes sessions, stored results and intents, each when its time has come', async () => {
    const purge = ['sessions', 'sweep', '--purge-after', '30d', ...because]
    await succeeds('admin', ...purge)
    expect(await tablesWith(...hers)).toEqual(['intents', 'requests', 'sessions'])
    await root(`begin; set local session_replication_role = 'replica';
      update meander.sessions set revoked_at = revoked_at - interval '31 days', created_at = created_at - interval '31 days'
      where user_id = '${id}';
      update meander.refresh_tokens set access_expires_at = access_expires_at - interval '31 days'
      where session_id in (select id from meander.sessions where user_id = '${id}');
      update meander.requests set created_at = created_at - interval '31 days';
      update meander.intents set created_at = created_at - interval '31 days'; commit`)
    await succeeds('admin', ...purge)
    expect(await tablesWith(...hers)).toEqual([])
  })

  it('4: it is proven again, and the record of her is whole, by id', async () => {
    await succeeds('kari', 'users', 'verify', id, '--offboarded')
    const shown = await succeeds('kari', 'users', 'show', id, '-o', 'json')
    expect(shown.json<{ item: object }>().item).toMatchObject({
      id,
      email: `erased-${id}@erased.invalid`,
      name: 'Erased user',
      status: 'deactivated',
      sessions: [],
    })
    expect(await chainBreaks(server, database, 'hlf')).toBe(0)
    await succeeds('kari', 'audit', 'verify')
    const { stdout } = await succeeds('kari', 'audit', 'list', '--ticket', 'DPO-17', '--all', '-o', 'ndjson')
    const events = stdout
      .split('\n')
      .flatMap((line) => (line ? [JSON.parse(line) as { action: string; targetId: string }] : []))
    expect(events.filter(({ targetId }) => targetId === id).map(({ action }) => action)).toEqual(
      expect.arrayContaining(['user.offboarded', 'user.signed_out', 'grant.create_refused']),
    )
    expect(events.map(({ targetId }) => targetId)).toContain('(unknown)@elsewhere.example')
  })

  it('leaves what a global admin asked for readable to the organization: the person by id', async () => {
    const intents = await server.query<{ reason: string; details: { arguments: object } }>(
      `select reason, details from meander.audit_log where action = 'intent.recorded' and actor = 'gro' order by seq`,
      [],
      database,
    )
    expect(intents.map(({ details }) => details.arguments)).toEqual(
      expect.arrayContaining([
        { user: id },
        { search: '(9 characters)' },
        expect.objectContaining({ fact: id }),
        { user: '(unknown)@elsewhere.example' },
      ]),
    )
    expect(intents.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['meanderctl users list --search …', 'meanderctl users show …@hlf.example']),
    )
  })

  it('touches nobody else', async () => {
    expect(await everythingOf(server, database, 'nhf')).toBe(bystander)
    expect(await tablesWith('mari@hlf\\.example', 'per’s phone')).toEqual(['sessions', 'users'])
  })
})
